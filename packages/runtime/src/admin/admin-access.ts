import { hostNameFault, HttpGuard, type Logger, rangeFault, Secret, type SecretText, tokenFault } from '@aesop/kernel'
import { AdminAccessInvalidError, AdminTokenMissingError, AdminTokenUnusableError } from './admin-errors.ts'

/** Who may ask the admin server, and under which names. On loopback nothing of this is needed. */
export interface AdminAccess {
  /** What requests must show as `Authorization: Bearer …`. Default: `AESOP_ADMIN_TOKEN` of the environment. */
  readonly token?: string | SecretText | undefined
  /** Names of the server besides its address, `localhost` and the one that it listens on. */
  readonly hosts?: readonly string[] | undefined
  /** Addresses and ranges (`10.1.0.0/16`) that need no token. */
  readonly peers?: readonly string[] | undefined
  /** Lets everybody in who reaches an address beyond loopback, where no token and no peers are set. */
  readonly insecure?: boolean | undefined
}

const TOKEN_VARIABLE = 'AESOP_ADMIN_TOKEN'

/**
 * The guard of an admin server that listens on `host`.
 * @throws AdminAccessInvalidError, AdminTokenUnusableError, AdminTokenMissingError
 */
export function adminGuard(access: AdminAccess, host: string, log: Logger | undefined): HttpGuard {
  const { hosts = [], peers = [], insecure = false } = access
  refuseFault('hosts', hosts, hostNameFault)
  refuseFault('peers', peers, rangeFault)
  const guard = new HttpGuard({ host, hosts, peers, token: tokenOf(access), isInsecure: insecure }, log)
  if (!guard.mayListen) throw new AdminTokenMissingError(host)
  return guard
}

/** What is said where everybody is let in. */
export function openNote(host: string): string {
  return `insecure: true lets everybody who reaches the admin server on ${host} see and stop everything: set a token or name peers`
}

function refuseFault(key: string, texts: readonly string[], faultOf: (text: string) => string | undefined): void {
  for (const text of texts) {
    const expected = faultOf(text)
    if (expected !== undefined) throw new AdminAccessInvalidError(`admin.${key}`, text, expected)
  }
}

function tokenOf({ token }: AdminAccess): SecretText | undefined {
  // A variable that is empty is one that is not set, as an unset one becomes in a shell.
  const given = token ?? (process.env[TOKEN_VARIABLE] || undefined)
  if (given === undefined) return undefined
  const secret = Secret.from(given)
  const expected = tokenFault(secret.reveal())
  if (expected === undefined) return secret
  throw new AdminTokenUnusableError(token === undefined ? TOKEN_VARIABLE : 'admin.token', expected)
}
