import { ConnectionLostError, ReplyMalformedError } from './errors.ts'
import { XID_MAX } from './opcodes.ts'
import { type Operation } from './operation.ts'

/** An operation that was sent. */
export interface PendingRequest {
  readonly operation: Operation<unknown>
  /** Called while the answer is read, before anything that came behind it: with the result, or the error that it is. */
  answered(result: unknown): void
}

/** What may wait for answers at a time: more would hold up the beats, which come in turn, and the session would be lost for it. */
export const PENDING_MAX = 2_000

/** The operations of a session that wait for their answers, which come in the order of the requests. */
export class PendingRequests {
  readonly #sent = new Map<number, PendingRequest>()
  #nextXid: number
  #expectedXid: number
  #waitingSinceMs = 0

  /** @param firstXid other than 1 in tests, which see it wrap */
  constructor(firstXid = 1) {
    this.#nextXid = firstXid
    this.#expectedXid = firstXid
  }

  get nextXid(): number {
    return this.#nextXid
  }

  get isFull(): boolean {
    return this.#sent.size >= PENDING_MAX
  }

  /** Since when an answer is waited for and none has come; Infinity: none is waited for. */
  get waitingSinceMs(): number {
    return this.#sent.size === 0 ? Infinity : this.#waitingSinceMs
  }

  add(request: PendingRequest, sentAtMs: number): void {
    if (this.#sent.size === 0) this.#waitingSinceMs = sentAtMs
    this.#sent.set(this.#nextXid, request)
    this.#nextXid = xidAfter(this.#nextXid)
  }

  /** The request that an answer is for. @throws ReplyMalformedError for any other than the next */
  expect(xid: number): PendingRequest {
    const request = this.#sent.get(xid)
    if (request === undefined || xid !== this.#expectedXid) {
      throw ReplyMalformedError.of('an answer', `for the request ${xid}, expected ${this.#expectedXid}`)
    }
    return request
  }

  /** The request that is expected has its answer. */
  answered(nowMs: number): void {
    this.#sent.delete(this.#expectedXid)
    this.#expectedXid = xidAfter(this.#expectedXid)
    this.#waitingSinceMs = nowMs
  }

  /** The connection has ended: none of them will have an answer. */
  lose(server: string, cause: Error): void {
    const lost = [...this.#sent.values()]
    this.#sent.clear()
    this.#expectedXid = this.#nextXid
    for (const request of lost) request.answered(ConnectionLostError.of(request.operation.what, server, cause))
  }
}

function xidAfter(xid: number): number {
  return xid === XID_MAX ? 1 : xid + 1
}
