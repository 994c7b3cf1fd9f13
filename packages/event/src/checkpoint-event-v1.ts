import { AT_ATTRIBUTES, AT_VALUE_AFTER_LONG_KEY, SCHEMA_ID_BYTES, SOURCE_ID_CHECKPOINT } from './event-layout-v1.ts'
import { sealEvent, writeEvent } from './event-writer-v1.ts'

export { SOURCE_ID_CHECKPOINT }

const PHYSICAL_PARTITION = -1
const NO_SCHEMA = new Uint8Array(SCHEMA_ID_BYTES)

/** The control event by which a bootstrap server says how far its reader is: its value is the text of a checkpoint. */
export function checkpointEvent(text: string): Buffer {
  const value = Buffer.from(text)
  const bytes = Buffer.alloc(AT_VALUE_AFTER_LONG_KEY + value.length)
  const append = {
    opcode: 'UPSERT' as const,
    key: 0,
    sourceId: SOURCE_ID_CHECKPOINT,
    schemaId: NO_SCHEMA,
    timestampNanos: 0n,
    logicalPartition: 0,
    maxValueBytes: value.length,
  }
  writeEvent(bytes, 0, append, PHYSICAL_PARTITION, (target, at) => at + value.copy(target, at))
  // Control events have no opcode.
  bytes.writeUInt16BE(0, AT_ATTRIBUTES)
  sealEvent(bytes, 0, 0, 0)
  return bytes
}
