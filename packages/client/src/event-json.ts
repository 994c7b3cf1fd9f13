import { isUtf8 } from 'node:buffer'
import { type ChangeEvent } from './consumer.ts'

/** A change event as `JSON.stringify` can write it. */
export interface ChangeEventJson {
  readonly scn: string
  readonly opcode: string
  readonly key: string
  /** Of a key that is no UTF-8, in base64. */
  readonly keyBytes?: string
  /** Name of the logical source. */
  readonly source: string
  /** Commit time, ISO 8601, milliseconds. */
  readonly committedAt: string
  readonly row: Readonly<Record<string, unknown>>
}

/**
 * Plain data for logs and queues: a bigint becomes decimal text in every row, small or not, so that its type depends
 * on the column alone; bytes become base64.
 */
export function eventToJson(event: ChangeEvent): ChangeEventJson {
  return {
    scn: event.scn.toString(),
    opcode: event.opcode,
    key: event.key.toString(),
    ...keyBytesOf(event),
    source: event.source.name,
    committedAt: new Date(Number(event.timestampNanos / 1_000_000n)).toISOString(),
    row: plainObject(event.row),
  }
}

/** Text that is not what the bytes are says less than they do. */
function keyBytesOf({ keyBytes }: ChangeEvent): Pick<ChangeEventJson, 'keyBytes'> {
  return keyBytes === undefined || isUtf8(keyBytes) ? {} : { keyBytes: Buffer.from(keyBytes).toString('base64') }
}

/** Names are taken as they are, `__proto__` too. */
function plainObject(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]))
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(plain)
  return typeof value === 'object' && value !== null ? plainObject(value) : value
}
