import { MySQLConstants } from '@aesop/producer-mysql/constants'
import { type ContainerDefinition } from '@aesop/runtime'
import { mysqlComponents } from './mysql-components.ts'
import { relayComponents } from './relay-components.ts'

/** The Relay component container: producers, buffers and the HTTP server, from `relay-config.yaml`. */
export const relayContainer: ContainerDefinition = {
  name: 'relay',
  className: 'RelayRuntimeComponentContainer',
  descriptorName: 'relay-config.yaml',
  catalogue: {
    components: { ...relayComponents, ...mysqlComponents },
    constants: { MySQLConstants, DbusOpcode: { UPSERT: 'UPSERT', DELETE: 'DELETE' } },
  },
  roots: ['DefaultRelayFactory'],
}
