import { type ChangeEvent } from './consumer.ts'

/** A change event as `JSON.stringify` can write it. */
export interface ChangeEventJson {
  readonly scn: string
  readonly opcode: string
  readonly key: string
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
  const row = Object.fromEntries(Object.entries(event.row).map(([name, value]) => [name, plain(value)]))
  return {
    scn: event.scn.toString(),
    opcode: event.opcode,
    key: event.key.toString(),
    source: event.source.name,
    committedAt: new Date(Number(event.timestampNanos / 1_000_000n)).toISOString(),
    row,
  }
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}
