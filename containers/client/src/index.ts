import { type ContainerDefinition } from '@aesop/runtime'
import { clientComponents } from './client-components.ts'

/** The Client component container: registrations and their consumers, from `client-config.yaml`. */
export const clientContainer: ContainerDefinition = {
  name: 'client',
  className: 'ClientRuntimeComponentContainer',
  descriptorName: 'client-config.yaml',
  catalogue: { components: clientComponents, constants: { DbusOpcode: { UPSERT: 'UPSERT', DELETE: 'DELETE' } } },
  roots: ['DefaultClientFactory', 'DefaultClusterClientFactory'],
}
