import { LOGIN_BYTES_MAX } from './server-greeting.ts'
import { MysqlPacketTooLargeError } from '../error/trust-errors.ts'

/** What is read of mysql2's packet parser: how much of a packet has come, and what it is said to be. */
export interface ParserState {
  /** Bytes of the part of the packet that is at hand; 0: it is complete. */
  readonly bufferLength: number
  /** What the head of that part says. */
  readonly length: number
  /** The parts before it, of 16 MiB − 1 each. */
  readonly largePacketParts: readonly unknown[]
}

const PART_BYTES = 0xff_ffff

/** An answer to a question; each row is a packet. */
export const ANSWER_BYTES_MAX = PART_BYTES
/** `max_allowed_packet` goes no further, and an event is a packet: rows of other tables have to be gone past. */
export const EVENT_BYTES_MAX = 1024 * 1024 * 1024 + 1024 * 1024

/**
 * Looks after each read of the socket, before more is kept, at what the packet at hand is said to be.
 *
 * @throws MysqlPacketTooLargeError
 */
export function checkPacketBound(parser: ParserState, isLoggedIn: boolean, bytesMax: number, server: string): void {
  const parts = parser.largePacketParts.length
  if (parts === 0 && parser.bufferLength === 0) return
  const bytes = parts * PART_BYTES + (parser.bufferLength === 0 ? 0 : parser.length)
  const max = isLoggedIn ? bytesMax : LOGIN_BYTES_MAX
  if (bytes > max)
    throw new MysqlPacketTooLargeError(server, isLoggedIn ? 'a packet' : 'a packet of the log-in', bytes, max)
}
