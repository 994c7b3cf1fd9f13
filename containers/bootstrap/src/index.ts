import { type ContainerDefinition } from '@aesop/runtime'

/** The Bootstrap component container as the runtime sees it. */
export const bootstrapContainer: ContainerDefinition = {
  name: 'bootstrap',
  className: 'BootstrapRuntimeComponentContainer',
  descriptorName: 'bootstrap-config.yaml',
  catalogue: { components: {} },
  roots: [],
  unavailable: 'a bootstrap server is not available yet in this version',
}
