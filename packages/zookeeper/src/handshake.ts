import { JuteReader } from './jute-reader.ts'
import { JuteWriter } from './jute-writer.ts'

const PROTOCOL = 0
const PASSWORD_BYTES = 16

/** By which a server knows a session again. The password is one: whoever has it can take the session over. */
export interface SessionId {
  readonly id: bigint
  readonly password: Buffer
}

/** A session that no server knows yet. */
export const NEW_SESSION: SessionId = { id: 0n, password: Buffer.alloc(PASSWORD_BYTES) }

/** The first packet of a connection. It has no header. */
export function connectRequest(session: SessionId, lastZxid: bigint, timeoutMs: number): Buffer {
  const writer = new JuteWriter().int(PROTOCOL).long(lastZxid).int(timeoutMs)
  return writer.long(session.id).buffer(session.password).bool(false).packet()
}

export interface ConnectReply {
  /** How long the session lives without a word; 0 or less: it has expired. */
  readonly timeoutMs: number
  readonly session: SessionId
}

/** @throws ReplyMalformedError */
export function readConnectReply(frame: Buffer): ConnectReply {
  const reader = new JuteReader(frame)
  reader.int('the protocol')
  const timeoutMs = reader.int('the time-out')
  const session = { id: reader.long('the id of the session'), password: reader.buffer('the password of the session') }
  // Servers before 3.4 do not say whether they take writes.
  if (reader.left > 0) reader.bool('readOnly')
  reader.end('a connect reply')
  return { timeoutMs, session }
}
