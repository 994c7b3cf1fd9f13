import { hostNameFault, HttpGuard, type Logger, rangeFault, Secret, type SecretText, tokenFault } from '@aesop/kernel'
import { RelayPropertyInvalidError, RelayTokenMissingError, RelayTokenUnusableError } from './errors.ts'

/** Who may ask a relay, and under which names. On loopback nothing of this is needed. */
export interface RelayAccessOptions {
  /** What requests must show as `Authorization: Bearer …`. Default: `AESOP_RELAY_TOKEN` of the environment. */
  readonly token?: string | SecretText
  /** Names of the relay besides its address, `localhost` and the one that it listens on. */
  readonly hosts?: readonly string[]
  /** Addresses and ranges (`10.1.0.0/16`) whose clients need no token, because they can not send one. */
  readonly peers?: readonly string[]
  /** Lets everybody in who reaches an address beyond loopback, where no token and no peers are set. */
  readonly insecure?: boolean
}

const RELAY_TOKEN_VARIABLE = 'AESOP_RELAY_TOKEN'

/** @throws RelayPropertyInvalidError */
export function checkAccess({ hosts = [], peers = [] }: RelayAccessOptions): void {
  refuseFault('hosts', hosts, hostNameFault)
  refuseFault('peers', peers, rangeFault)
}

function refuseFault(key: string, texts: readonly string[], faultOf: (text: string) => string | undefined): void {
  for (const text of texts) {
    const expected = faultOf(text)
    if (expected !== undefined) throw new RelayPropertyInvalidError(key, text, expected)
  }
}

/** The guard of a relay that listens on `host`. @throws RelayTokenUnusableError, RelayTokenMissingError */
export function relayGuard(access: RelayAccessOptions, host: string, log: Logger): HttpGuard {
  const { hosts = [], peers = [], insecure = false } = access
  const token = tokenOf(access)
  const guard = new HttpGuard({ host, hosts, peers, token, isInsecure: insecure }, log)
  if (!guard.mayListen) throw new RelayTokenMissingError(host)
  return guard
}

function tokenOf({ token }: RelayAccessOptions): SecretText | undefined {
  // A variable that is empty is one that is not set, as an unset one becomes in a shell.
  const given = token ?? (process.env[RELAY_TOKEN_VARIABLE] || undefined)
  if (given === undefined) return undefined
  const secret = Secret.from(given)
  const expected = tokenFault(secret.reveal())
  if (expected === undefined) return secret
  throw new RelayTokenUnusableError(token === undefined ? RELAY_TOKEN_VARIABLE : 'token of its relayConfig', expected)
}
