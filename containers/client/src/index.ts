import { type ContainerDefinition } from '@aesop/runtime'

/** The Client component container as the runtime sees it. */
export const clientContainer: ContainerDefinition = {
  name: 'client',
  className: 'ClientRuntimeComponentContainer',
  descriptorName: 'client-config.yaml',
  catalogue: { components: {} },
  roots: [],
}
