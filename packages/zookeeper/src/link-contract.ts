import { type SecretText } from '@aesop/kernel'
import { type ConnectReply, type SessionId } from './handshake.ts'
import { type JuteReader } from './jute-reader.ts'
import { type Chroot } from './node-path.ts'
import { type PendingRequests } from './pending-requests.ts'
import { type ServerAddress } from './server-list.ts'
import { type TlsSettings } from './tls-settings.ts'

/** Who a session is, beside its client certificate. */
export interface AuthSettings {
  /** `digest`, with `user:password`. */
  readonly scheme: string
  readonly auth: SecretText
}

export interface LinkSettings {
  readonly server: ServerAddress
  readonly tls: TlsSettings | undefined
  readonly session: SessionId
  readonly lastZxid: bigint
  /** The time that the session asks for. */
  readonly timeoutMs: number
  /** From the beginning of the connection to the connect reply. */
  readonly handshakeMs: number
  readonly auth: readonly AuthSettings[]
  readonly chroot: Chroot
  readonly pending: PendingRequests
  readonly nowMs: () => number
}

/** Whom a link tells. */
export interface LinkOwner {
  /** Before anything that comes in is looked at: `false` ends it, because the link has ended meanwhile. */
  mayHandle(): boolean
  /** A server has taken the session; @returns the packets that set its watches. */
  accepted(reply: ConnectReply): readonly Buffer[]
  /** The identities are taken as well: operations may be sent. */
  ready(): void
  /** The leader counts the session's time from then at the earliest. */
  confirmed(heardAtMs: number): void
  /** A beat was answered: the connection holds. */
  holds(): void
  zxid(zxid: bigint): void
  notified(reader: JuteReader): void
  /** Said once, last. @param isRefusal the server closed the connection instead of an answer to the connect request */
  ended(error: Error, isRefusal: boolean): void
}
