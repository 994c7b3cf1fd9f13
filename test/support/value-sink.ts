import { type EventAppend, type EventKey, EventDecoder, type Opcode, type ValueWriter } from '@aesop/event'
import { type WindowSink } from '@aesop/producer'
import { type SnapshotChunk } from '@aesop/reading'

/** An event as bytes: what it says of a row, and by which schema. */
export interface RowBytes {
  readonly opcode: Opcode | undefined
  readonly key: EventKey
  readonly schemaId: string
  readonly value: string
}

/** Keeps the newest event of each key as bytes, and counts windows. */
export class ValueSink implements WindowSink {
  /** Source id → key as text → its newest event. */
  readonly rows = new Map<number, Map<string, RowBytes>>()
  scn = -1n
  private open: [number, RowBytes][] = []

  beginWindow(): void {
    this.open = []
  }
  append(append: EventAppend, write: ValueWriter): void {
    this.open.push([append.sourceId, this.rowOf(append, write)])
  }
  protected rowOf({ opcode, key, schemaId, maxValueBytes }: EventAppend, write: ValueWriter): RowBytes {
    const bytes = Buffer.alloc(maxValueBytes)
    const value = bytes.toString('hex', 0, write(bytes, 0))
    return { opcode, key: onWire(key), schemaId: Buffer.from(schemaId).toString('hex'), value }
  }
  endWindow(scn: bigint): void {
    for (const [sourceId, row] of this.open) this.of(sourceId).set(String(row.key), row)
    this.open = []
    this.scn = scn
  }
  rollbackWindow(): void {
    this.open = []
  }
  mark(): () => void {
    const { length } = this.open
    return () => void this.open.splice(length)
  }
  whenWritable(): undefined {
    return undefined
  }
  of(sourceId: number): Map<string, RowBytes> {
    const found = this.rows.get(sourceId) ?? new Map<string, RowBytes>()
    this.rows.set(sourceId, found)
    return found
  }
}

/** Numbers are 64 bits with a sign in an event. */
function onWire(key: EventKey): EventKey {
  return typeof key === 'number' || typeof key === 'bigint' ? BigInt.asIntN(64, BigInt(key)) : key
}

/** The events of a chunk, each with its SCN. */
export function rowsOfChunk({ bytes }: Pick<SnapshotChunk, 'bytes'>): (RowBytes & { scn: bigint; sourceId: number })[] {
  const decoder = new EventDecoder(1 << 30)
  decoder.push(bytes)
  const rows = []
  for (let view = decoder.next(); view !== undefined; view = decoder.next()) {
    rows.push({
      opcode: view.opcode,
      key: onWire(view.key),
      scn: view.scn,
      sourceId: view.sourceId,
      schemaId: view.schemaId.toString('hex'),
      value: view.value.toString('hex'),
    })
  }
  return rows
}
