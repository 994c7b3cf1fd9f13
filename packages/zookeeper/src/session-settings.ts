import { Secret, type SecretText } from '@aesop/kernel'
import { SettingInvalidError } from './errors.ts'
import { type AuthSettings } from './link-contract.ts'
import { Chroot } from './node-path.ts'
import { parseServers, type ServerAddress } from './server-list.ts'
import { type TlsSettings, tlsOptionsOf } from './tls-settings.ts'

/** The time that is asked for is an int in the protocol. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

export interface SessionSettings {
  /** `host:port,host:port/chroot`; all paths are below the chroot, which has to be there. */
  readonly servers: string
  /** How long the servers keep the session without a word. They bound it, by default between 2 and 20 of their ticks: `negotiatedTimeoutMs`. */
  readonly timeoutMs: number
  /** Identities for ACLs. */
  readonly auth?: readonly { readonly scheme: string; readonly auth: string | SecretText }[]
  /** Left out: connections are in clear. */
  readonly tls?: TlsSettings
}

/** Settings that were read. */
export interface ReadSettings {
  readonly addresses: readonly ServerAddress[]
  readonly chroot: Chroot
  readonly requestedMs: number
  readonly auth: readonly AuthSettings[]
  readonly tls: TlsSettings | undefined
}

/** @throws ServersInvalidError, PathInvalidError, SettingInvalidError */
export function readSettings({ servers, timeoutMs, auth = [], tls }: SessionSettings): ReadSettings {
  const { addresses, chroot } = parseServers(servers)
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > TIMEOUT_MS_MAX) {
    throw SettingInvalidError.of('timeoutMs', timeoutMs, `a whole number from 1 to ${TIMEOUT_MS_MAX} is expected`)
  }
  if (tls !== undefined) for (const address of addresses) tlsOptionsOf(tls, address)
  return {
    addresses,
    chroot: new Chroot(chroot),
    requestedMs: timeoutMs,
    auth: auth.map((each) => ({ scheme: each.scheme, auth: Secret.from(each.auth) })),
    tls,
  }
}
