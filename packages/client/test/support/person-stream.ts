import { type LogicalSource, sealEvent, writeEndOfPeriod, writeEvent } from '@aesop/event'
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

export interface TestWindow {
  readonly scn: bigint
  readonly bytes: Buffer
  /** Offsets in `bytes` after each event, the end of the window included. */
  readonly ends: readonly number[]
}

/** The bytes of one window, as a relay sends them. */
export function windowOf(
  scn: bigint,
  rows: readonly TestRow[],
  schema = PERSON_SCHEMA,
  schemaId = schemaIdOf(schema),
): TestWindow {
  const encode = compileRowEncoder(schema)
  const bytes = Buffer.alloc(rows.reduce((sum, { name }) => sum + 128 + name.length * 3, 128))
  const ends: number[] = []
  let at = 0
  const timestampNanos = BigInt(Date.now()) * 1_000_000n
  for (const { source = PERSON, id, name } of rows) {
    const append = {
      opcode: 'UPSERT' as const,
      key: id,
      sourceId: source.id,
      schemaId,
      timestampNanos,
      logicalPartition: 0,
      maxValueBytes: 64 + name.length * 3,
    }
    const value = encode({ id: BigInt(id), name })
    writeEvent(bytes, at, append, 1, (target, offset) => offset + value.copy(target, offset))
    at = sealEvent(bytes, at, Number(scn >> 32n), Number(BigInt.asIntN(32, scn)))
    ends.push(at)
  }
  at = writeEndOfPeriod(bytes, at, scn, 1, timestampNanos)
  ends.push(at)
  return { scn, bytes: bytes.subarray(0, at), ends }
}
