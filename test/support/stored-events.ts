import { createHash } from 'node:crypto'
import { type EventKey, EventView, SCHEMA_CHANGE_ID_DEFAULT, sealEvent, writeEvent } from '@aesop/event'
import { type Piece } from '@aesop/bootstrap-store'

export const SCHEMA_CHANGE_ID = SCHEMA_CHANGE_ID_DEFAULT
const SCHEMA_ID = createHash('md5').update('test').digest()

export interface Change {
  readonly scn: bigint
  readonly key: EventKey
  /** Undefined: a DELETE. */
  readonly value?: string | undefined
}

/** The bytes of one event as a relay has it. */
export function eventOf({ scn, key, value }: Change, version: 1 | 2 = 1): Buffer {
  return sealed(
    scn,
    { key, sourceId: 40, opcode: value === undefined ? 'DELETE' : 'UPSERT' },
    Buffer.from(value ?? ''),
    version,
  )
}

/** An event of `com.aesop.SchemaChange`: only its first field is looked at. */
export function schemaChangeOf(scn: bigint, source: string, kind: string): Buffer {
  const value = Buffer.concat([Buffer.of(kind.length * 2), Buffer.from(kind)])
  return sealed(scn, { key: source, sourceId: SCHEMA_CHANGE_ID, opcode: 'UPSERT' }, value, 1)
}

function sealed(
  scn: bigint,
  about: { key: EventKey; sourceId: number; opcode: 'UPSERT' | 'DELETE' },
  value: Buffer,
  version: 1 | 2,
): Buffer {
  const target = Buffer.alloc(400 + value.length + (typeof about.key === 'string' ? about.key.length * 3 : 0))
  const append = { ...about, schemaId: SCHEMA_ID, timestampNanos: 7n, logicalPartition: 0, maxValueBytes: value.length }
  const end = writeEvent(target, 0, append, 1, version, (bytes, at) => at + value.copy(bytes, at))
  sealEvent(target, 0, Number(scn >> 32n), Number(scn & 0xffffffffn))
  return target.subarray(0, end)
}

export function pieceOf(source: string, events: readonly Buffer[]): Piece {
  const views = events.map((bytes) => new EventView(bytes))
  return {
    source,
    bytes: Buffer.concat(events),
    rows: events.length,
    firstScn: views[0]?.scn ?? -1n,
    lastScn: views.at(-1)?.scn ?? -1n,
  }
}

/** What an answer tells, as text: `key=value@scn`, `key gone@scn`, `KIND@scn`. */
export function told(bytes: Buffer): readonly string[] {
  const texts: string[] = []
  const view = new EventView()
  for (let offset = 0; offset < bytes.length; offset = view.end) texts.push(textOf(view.moveTo(bytes, offset)))
  return texts
}

function textOf(view: EventView): string {
  const { scn, opcode, value, sourceId } = view
  if (sourceId === SCHEMA_CHANGE_ID) return `${value.toString('latin1', 1)}@${scn}`
  const key = String(view.key)
  return opcode === 'DELETE' ? `${key} gone@${scn}` : `${key}=${value.toString()}@${scn}`
}
