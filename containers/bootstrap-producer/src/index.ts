import { type ContainerDefinition } from '@aesop/runtime'
import { bootstrapProducerComponents } from './bootstrap-producer-components.ts'

/** The BootstrapProducer component container: what fills a bootstrap store, from `bootstrap-producer-config.yaml`. */
export const bootstrapProducerContainer: ContainerDefinition = {
  name: 'bootstrap-producer',
  className: 'BootstrapProducerRuntimeComponentContainer',
  descriptorName: 'bootstrap-producer-config.yaml',
  catalogue: { components: bootstrapProducerComponents },
  roots: ['DefaultBootstrapProducerFactory'],
}
