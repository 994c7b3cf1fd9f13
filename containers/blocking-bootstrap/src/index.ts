import { type ContainerDefinition } from '@aesop/runtime'

/** The BlockingBootstrap component container as the runtime sees it. */
export const blockingBootstrapContainer: ContainerDefinition = {
  name: 'blocking-bootstrap',
  className: 'BlockingBootstrapRuntimeComponentContainer',
  descriptorName: 'blocking-bootstrap-config.yaml',
  catalogue: { components: {} },
  roots: [],
  unavailable: 'blocking bootstrap is not available yet in this version',
}
