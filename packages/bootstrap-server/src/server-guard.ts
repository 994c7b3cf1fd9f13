import { HttpGuard, type Logger, Secret, type SecretText, tokenFault } from '@aesop/kernel'
import { BootstrapTokenMissingError, BootstrapTokenUnusableError } from './errors.ts'

/** Who may ask a bootstrap server, and under which names. On loopback nothing of this is needed. */
export interface ServerAccess {
  /** What requests must show as `Authorization: Bearer …`. Default: `AESOP_RELAY_TOKEN`, which clients send. */
  readonly token?: SecretText
  /** Names of the server besides its address, `localhost` and the one that it listens on. */
  readonly hosts: readonly string[]
  /** Addresses and ranges (`10.1.0.0/16`) whose clients need no token, because they can not send one. */
  readonly peers: readonly string[]
  /** Lets everybody in who reaches an address beyond loopback, where no token and no peers are set. */
  readonly insecure: boolean
}

const TOKEN_VARIABLE = 'AESOP_RELAY_TOKEN'

/** The guard of a server that listens on `host`. @throws BootstrapTokenUnusableError, BootstrapTokenMissingError */
export function serverGuard(access: ServerAccess, host: string, log: Logger): HttpGuard {
  const { hosts, peers, insecure } = access
  const guard = new HttpGuard({ host, hosts, peers, token: tokenOf(access), isInsecure: insecure }, log)
  if (!guard.mayListen) throw new BootstrapTokenMissingError(host)
  return guard
}

function tokenOf({ token }: ServerAccess): SecretText | undefined {
  // A variable that is empty is one that is not set, as an unset one becomes in a shell.
  const given = token ?? (process.env[TOKEN_VARIABLE] || undefined)
  if (given === undefined) return undefined
  const secret = Secret.from(given)
  const expected = tokenFault(secret.reveal())
  if (expected === undefined) return secret
  throw new BootstrapTokenUnusableError(token === undefined ? TOKEN_VARIABLE : 'token of its bootstrapConfig', expected)
}
