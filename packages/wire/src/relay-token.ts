import { messageOf, Secret, type SecretText } from '@aesop/kernel'
import { RelayTokenUnreadableError } from './relay-link-errors.ts'

const HEADER_SAFE = /^[\x21-\x7e]+$/
/** For messages. */
export const TOKEN_FORM = 'letters, digits and signs of ASCII, without spaces'

/** Whether a header can hold the token. @throws what reading it throws */
export function isTokenText(token: SecretText): boolean {
  return HEADER_SAFE.test(token.reveal())
}

/** What `AESOP_RELAY_TOKEN` says; one that is empty is not set. */
export function tokenOfEnvironment(): SecretText | undefined {
  const text = process.env['AESOP_RELAY_TOKEN'] ?? ''
  return text === '' ? undefined : new Secret(text)
}

/** The header for a relay, with the token as it is now; none without a token. @throws RelayTokenUnreadableError */
export function tokenHeader(token: SecretText | undefined, peer: string): Readonly<Record<string, string>> {
  if (token === undefined) return {}
  const text = readToken(token, peer)
  if (!HEADER_SAFE.test(text)) throw new RelayTokenUnreadableError(peer, `must be ${TOKEN_FORM}`)
  return { authorization: `Bearer ${text}` }
}

function readToken(token: SecretText, peer: string): string {
  try {
    return token.reveal()
  } catch (cause) {
    throw new RelayTokenUnreadableError(peer, `can not be read: ${messageOf(cause)}`, cause)
  }
}
