import {
  type LogicalSource,
  SCHEMA_CHANGE_ID_DEFAULT,
  SCHEMA_CHANGE_SCHEMA,
  SCHEMA_CHANGE_SOURCE,
  type SchemaChangeKind,
  sealEvent,
  writeEndOfPeriod,
  writeEvent,
} from '@aesop/event'
import { compileRowEncoder, schemaIdOf } from '@aesop/schema'

export const PERSON_SCHEMA = JSON.stringify({
  type: 'record',
  name: 'person',
  namespace: 'or_test',
  meta: 'pk=id',
  fields: [
    { name: 'id', type: 'long', meta: 'dbFieldName=id;dbFieldPosition=1;dbFieldType=bigint' },
    { name: 'name', type: ['null', 'string'], meta: 'dbFieldName=name;dbFieldPosition=2;dbFieldType=varchar(64)' },
  ],
})
export const PERSON: LogicalSource = { id: 41, name: 'or_test.person' }
export const ADDRESS: LogicalSource = { id: 42, name: 'or_test.address' }

export interface TestRow {
  readonly source?: LogicalSource
  readonly id: number
  readonly name: string
}

/** An event of `com.aesop.SchemaChange`. */
export interface TestChange {
  readonly change: SchemaChangeKind
  readonly of: LogicalSource
  readonly sql?: string
}
const CHANGES_ID = schemaIdOf(SCHEMA_CHANGE_SCHEMA)
export const CHANGES: LogicalSource = { id: SCHEMA_CHANGE_ID_DEFAULT, name: SCHEMA_CHANGE_SOURCE }

export interface TestWindow {
  readonly scn: bigint
  readonly bytes: Buffer
  /** Offsets in `bytes` after each event, the end of the window included. */
  readonly ends: readonly number[]
}

/** The bytes of one window, as a relay sends them. */
export function windowOf(
  scn: bigint,
  events: readonly (TestRow | TestChange)[],
  schema = PERSON_SCHEMA,
  schemaId = schemaIdOf(schema),
): TestWindow {
  const encode = compileRowEncoder(schema)
  const bytes = Buffer.alloc(
    events.reduce((sum, event) => sum + 512 + ('name' in event ? event.name.length * 3 : 0), 128),
  )
  const ends: number[] = []
  let at = 0
  const timestampNanos = BigInt(Date.now()) * 1_000_000n
  for (const event of events) {
    const { key, sourceId, value, id } =
      'change' in event
        ? { key: event.of.name, sourceId: CHANGES.id, value: changeValue(event), id: CHANGES_ID }
        : {
            key: event.id,
            sourceId: (event.source ?? PERSON).id,
            value: encode({ id: BigInt(event.id), name: event.name }),
            id: schemaId,
          }
    const append = {
      opcode: 'UPSERT' as const,
      key,
      sourceId,
      schemaId: id,
      timestampNanos,
      logicalPartition: 0,
      maxValueBytes: value.length,
    }
    writeEvent(bytes, at, append, 1, 1, (target, offset) => offset + value.copy(target, offset))
    at = sealEvent(bytes, at, Number(scn >> 32n), Number(BigInt.asIntN(32, scn)))
    ends.push(at)
  }
  at = writeEndOfPeriod(bytes, at, scn, 1, 1, timestampNanos)
  ends.push(at)
  return { scn, bytes: bytes.subarray(0, at), ends }
}

function changeValue({ change, of, sql }: TestChange): Buffer {
  const [database, table] = of.name.split('.')
  return compileRowEncoder(SCHEMA_CHANGE_SCHEMA)({
    kind: change,
    source: of.name,
    database,
    table,
    sql: sql ?? null,
    at: 1_700_000_000_000,
  })
}
