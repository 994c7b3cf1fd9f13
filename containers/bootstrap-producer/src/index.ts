import { type ContainerDefinition, type Contribution } from '@aesop/runtime'
import { bootstrapCommand } from './bootstrap-command.ts'
import { bootstrapProducerComponents } from './bootstrap-producer-components.ts'

/** The BootstrapProducer component container: what fills a bootstrap store, from `bootstrap-producer-config.yaml`. */
const bootstrapProducerContainer: ContainerDefinition = {
  name: 'bootstrap-producer',
  className: 'BootstrapProducerRuntimeComponentContainer',
  descriptorName: 'bootstrap-producer-config.yaml',
  catalogue: { components: bootstrapProducerComponents },
  roots: ['DefaultBootstrapProducerFactory'],
}

/** What the launcher gets from here besides the container: commands about seedings, and the page that they ask. */
export const bootstrapProducerContribution: Contribution = {
  name: '@aesop/container-bootstrap-producer',
  containers: [bootstrapProducerContainer],
  commands: [bootstrapCommand],
  pages: [{ path: '/admin/bootstrap', load: async () => (await import('./bootstrap-page.ts')).bootstrapPage }],
}
