import { Secret, type SecretText } from '@aesop/kernel'
import { type AdminAccess } from '../admin/admin-access.ts'
import { type PropertySchema } from '../component.ts'
import { type ScalarValue, type Value } from './definition.ts'

const texts: PropertySchema = { type: 'array', items: { type: 'string' } }

/** The property `admin` of a bootstrap descriptor: who may ask the admin server, and under which names. */
export const ADMIN: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    token: {
      type: 'string',
      secret: true,
      description: 'What requests must show as "Authorization: Bearer …"; left out: AESOP_ADMIN_TOKEN, if it is set.',
    },
    hosts: { ...texts, description: 'Names besides its address, localhost and the one that it listens on.' },
    peers: { ...texts, description: 'Addresses and ranges (10.1.0.0/16) that need no token.' },
    insecure: { type: 'boolean', description: 'Beyond loopback, without token and peers: lets everybody in.' },
  },
}

/** What a checked value of that property says. */
export function adminAccessOf(value: Value | undefined): AdminAccess {
  const entries = value?.kind === 'map' ? value.entries : []
  const part = (key: string): Value | undefined => entries.find((entry) => entry.key === key)?.value
  const token = part('token')
  const insecure = part('insecure')
  return {
    token: token?.kind === 'scalar' && token.value !== null ? secretOf(token) : undefined,
    hosts: textsOf(part('hosts')),
    peers: textsOf(part('peers')),
    insecure: insecure?.kind === 'scalar' ? String(insecure.value) === 'true' : undefined,
  }
}

/** Read anew each time, where the text is that of a file or a provider. */
function secretOf({ value, readAgain, written }: ScalarValue): SecretText {
  return new Secret(readAgain ?? String(value), written)
}

function textsOf(value: Value | undefined): string[] | undefined {
  if (value?.kind !== 'list') return undefined
  return value.items.flatMap((item) => (item.kind === 'scalar' ? [String(item.value)] : []))
}
