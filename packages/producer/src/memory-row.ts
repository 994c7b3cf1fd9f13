import { type ValueWriter } from '@aesop/event'

/** The schema of every row that the memory producer makes itself. */
export const MEMORY_ROW_SCHEMA = JSON.stringify({
  type: 'record',
  name: 'MemoryRow',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'payload', type: 'bytes' },
  ],
})

/** The most bytes that a row with a payload of that length takes: two Avro longs (id, length) and the payload. */
export function memoryRowBytesMax(payloadBytes: number): number {
  return 10 + 5 + payloadBytes
}

/** Writes rows of the memory schema; `id` is set before each event. */
export class MemoryRowWriter {
  /** At most 2^52 in magnitude. */
  id = 0
  readonly #payload: Uint8Array

  constructor(payload: Uint8Array) {
    this.#payload = payload
  }

  readonly write: ValueWriter = (target, offset) => {
    const at = writeLong(target, writeLong(target, offset, this.id), this.#payload.length)
    target.set(this.#payload, at)
    return at + this.#payload.length
  }
}

/** Avro's zig-zag variable-length long. */
function writeLong(target: Buffer, offset: number, value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  let at = offset
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) target[at++] = (rest % 0x80) | 0x80
  target[at++] = rest
  return at
}
