import { EventDecoder, type EventView } from '@aesop/event'
import { visibleText } from '@aesop/kernel'
import { compileRowReader, schemaIdOf } from '@aesop/schema'
import { shown } from './witness.ts'

/** Every length that an event can say. */
const EVENT_BYTES_MAX = 0x7fffffff
const NANOS_PER_MS = 1_000_000n

type RowOf = (view: EventView) => string
type Reader = ReturnType<typeof compileRowReader>

/**
 * The events of a `/stream` answer or of a segment as text, one line each, with its row where the schema is among
 * `schemas` (texts of Avro schemas). Ends at the first event that is damaged or not whole, and says so.
 */
export function* eventLines(bytes: Buffer, schemas: readonly string[]): Generator<string> {
  const rowOf = rowsBy(new Map(schemas.map((text) => [schemaIdOf(text).toString('hex'), compileRowReader(text)])))
  const decoder = new EventDecoder(EVENT_BYTES_MAX)
  let at = 0
  try {
    decoder.push(bytes)
    for (let view = decoder.next(); view !== undefined; view = decoder.next()) {
      yield `${at}: ${headerText(view)}${rowOf(view)}`
      at += view.length
    }
    decoder.end()
  } catch (error) {
    yield `${at}: ${(error as Error).name}: ${(error as Error).message}`
  }
  if (bytes.length === 0) yield 'no event'
}

/** The decoder has proven length and checksums of what it gives. */
function headerText(view: EventView): string {
  const at = new Date(Number(view.timestampNanos / NANOS_PER_MS)).toISOString()
  const start = `scn ${view.scn}, ${view.length} bytes, crc ok, ${at}, partition ${view.physicalPartition}`
  if (view.isEndOfPeriod) return `${start}, end of window`
  if (view.isControl) return `${start}, control ${view.sourceId}`
  const key = view.hasByteKey ? visibleText(JSON.stringify(view.key)) : String(view.key)
  const of = `source ${view.sourceId}/${view.logicalPartition}, schema ${view.schemaId.toString('hex')}`
  return `${start}, ${view.opcode ?? 'no opcode'} key ${key} of ${of}, value ${view.value.length} bytes`
}

function rowsBy(readers: ReadonlyMap<string, Reader>): RowOf {
  return (view) => {
    const reader = view.isControl ? undefined : readers.get(view.schemaId.toString('hex'))
    if (reader === undefined) return ''
    const { value } = view
    return `\n  ${shown(reader(value, 0, value.length)).replaceAll('\n', '\n  ')}`
  }
}
