import { ofAll } from '@aesop/physical-sources'
import { type ContainerDefinition } from '@aesop/runtime'
import { relayComponents } from './relay-components.ts'

/** The Relay component container: producers, buffers and the HTTP server, from `relay-config.yaml`. */
export const relayContainer: ContainerDefinition = {
  name: 'relay',
  className: 'RelayRuntimeComponentContainer',
  descriptorName: 'relay-config.yaml',
  catalogue: {
    components: { ...relayComponents, ...ofAll(({ components = {} }) => components) },
    constants: { DbusOpcode: { UPSERT: 'UPSERT', DELETE: 'DELETE' }, ...ofAll(({ constants = {} }) => constants) },
  },
  roots: ['DefaultRelayFactory'],
}
