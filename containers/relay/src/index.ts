import { type ContainerDefinition } from '@aesop/runtime'

/** The Relay component container as the runtime sees it. */
export const relayContainer: ContainerDefinition = {
  name: 'relay',
  className: 'RelayRuntimeComponentContainer',
  descriptorName: 'relay-config.yaml',
  catalogue: { components: {} },
  roots: [],
}
