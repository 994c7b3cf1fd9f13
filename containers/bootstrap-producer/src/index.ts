import { type ContainerDefinition } from '@aesop/runtime'

/** The BootstrapProducer component container as the runtime sees it. */
export const bootstrapProducerContainer: ContainerDefinition = {
  name: 'bootstrap-producer',
  className: 'BootstrapProducerRuntimeComponentContainer',
  descriptorName: 'bootstrap-producer-config.yaml',
  catalogue: { components: {} },
  roots: [],
  unavailable: 'a bootstrap producer is not available yet in this version',
}
