import { ofAll } from '@aesop/physical-sources'
import { type ContainerDefinition } from '@aesop/runtime'
import { blockingComponents } from './blocking-components.ts'

/** The BlockingBootstrap component container: tables and their changes straight to consumers, from `blocking-bootstrap-config.yaml`. */
export const blockingBootstrapContainer: ContainerDefinition = {
  name: 'blocking-bootstrap',
  className: 'BlockingBootstrapRuntimeComponentContainer',
  descriptorName: 'blocking-bootstrap-config.yaml',
  catalogue: {
    components: { ...blockingComponents, ...ofAll(({ components = {} }) => components) },
    constants: { DbusOpcode: { UPSERT: 'UPSERT', DELETE: 'DELETE' }, ...ofAll(({ constants = {} }) => constants) },
  },
  roots: ['BlockingBootstrapServerFactory'],
  options: {
    parallel: {
      value: '<n>',
      summary: 'consumers of each source that work at a time: numberOfPartitions of its bootstrapConfig',
      property: 'bootstrapConfig.numberOfPartitions',
    },
  },
}
