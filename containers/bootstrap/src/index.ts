import { type ContainerDefinition } from '@aesop/runtime'
import { bootstrapComponents } from './bootstrap-components.ts'

/** The Bootstrap component container: a bootstrap store over HTTP, from `bootstrap-config.yaml`. */
export const bootstrapContainer: ContainerDefinition = {
  name: 'bootstrap',
  className: 'BootstrapRuntimeComponentContainer',
  descriptorName: 'bootstrap-config.yaml',
  catalogue: { components: bootstrapComponents },
  roots: ['DefaultBootstrapServerFactory'],
}
