import {
  eventHeaderBytes,
  eventHeaderBytesMax,
  type EventAppend,
  type EventKey,
  type Opcode,
  type ValueWriter,
} from '@aesop/event'
import { type LogKeys, shownKey } from '@aesop/kernel'
import { type WindowSink } from '@aesop/producer'
import { type CapturedTable } from '../row/captured-table.ts'
import { type CurrentRow } from '../row/current-row.ts'
import { type EventLimits } from '../log/event-limits.ts'
import { BinlogEventCorruptError, MapperFailedError, RowImageIncompleteError } from '../error/errors.ts'
import { type RowsEvent, type RowsKind } from '../log/rows-event.ts'
import { AT_ABSENT, isPresent, type RowScanner } from '../row/row-scanner.ts'
import { LoggedRowTooLargeError, RowTooLargeError } from '../error/size-errors.ts'
import { RowsLeftOut } from './rows-left-out.ts'
import { writtenApart } from './written-apart.ts'

/** Images up to this size are bounded without a look at their columns. */
const SMALL_IMAGE_BYTES_MAX = 4096
/** What may be reserved beyond the value itself, before it is written apart and its size known. */
const SLACK_BYTES_MAX = 16 * 1024

/**
 * Appends the changes of rows events to the open window, in the order of the log. One object serves all events of a
 * decoder: what it needs per row lies in its fields, so that a row costs no allocation.
 */
export class RowChanges {
  /** Changes appended since the start. */
  count = 0
  private sink: WindowSink
  private readonly limits: EventLimits
  private readonly logKeys: LogKeys
  private countBefore = 0
  private readonly append: EventAppend
  private table: CapturedTable | undefined
  private bytes: Buffer = Buffer.alloc(0)
  private at: Int32Array = new Int32Array(0)
  private before: Int32Array = new Int32Array(0)
  private source: Int32Array = this.at
  /** For the table at hand; −1: its values may be compressed, and no image is small. */
  private smallImageBytesMax = -1
  private readonly write: ValueWriter

  constructor(sink: WindowSink, limits: EventLimits, logKeys: LogKeys = 'hash') {
    this.sink = sink
    this.limits = limits
    this.logKeys = logKeys
    this.append = {
      opcode: 'UPSERT',
      key: 0,
      sourceId: 0,
      schemaId: Buffer.alloc(16),
      timestampNanos: 0n,
      logicalPartition: 0,
      maxValueBytes: 0,
    }
    this.write = (target, offset) => this.table?.writer?.(target, offset, this.bytes, this.source) ?? offset
  }

  /** Changes appended to the open window. */
  get ordinal(): number {
    return this.count - this.countBefore
  }

  /** So many changes are in the open window, whatever was appended to it and rolled back. */
  set ordinal(changes: number) {
    this.countBefore = this.count - changes
  }

  /** Appends all changes of one event. @throws BinlogEventCorruptError, RowImageIncompleteError and what mappers throw */
  appendAll(table: CapturedTable, rows: RowsEvent, kind: RowsKind, timestampNanos: bigint): void {
    this.prepare(table, rows, timestampNanos)
    const { scan, complete } = table.images(rows.frame, rows.present)
    if (kind === 'insert' && !complete) this.refuseAbsent(table, rows)
    if (!complete) this.refuseAbsentKey(table, rows)
    const { current } = table
    if (kind === 'update' && current === undefined) this.appendUpdates(table, rows, scan)
    else if (kind === 'update' && current !== undefined) this.appendCurrentUpdates(table, current, rows, scan)
    else if (current === undefined) this.appendImages(table, rows, kind, scan)
    else this.appendCurrentImages(table, current, rows, kind, scan)
  }

  /** The same for so many changes at most. @throws RowsLeftOut before one more */
  appendUpTo(eventsMax: number, table: CapturedTable, rows: RowsEvent, kind: RowsKind, timestampNanos: bigint): void {
    const { sink } = this
    this.sink = boundedSink(sink, eventsMax)
    try {
      this.appendAll(table, rows, kind, timestampNanos)
    } finally {
      this.sink = sink
    }
  }

  private appendImages(table: CapturedTable, rows: RowsEvent, kind: RowsKind, scan: RowScanner): void {
    const opcode = kind === 'insert' ? 'UPSERT' : 'DELETE'
    for (let p = rows.images; p < rows.end;) {
      const end = this.scan(scan, p, this.at, rows)
      this.emit(table, opcode, table.key(rows.bytes, this.at), this.at, end - p, undefined)
      p = end
    }
  }

  /** History that is inserted or deleted changes no current row. */
  private appendCurrentImages(
    table: CapturedTable,
    current: CurrentRow,
    rows: RowsEvent,
    kind: RowsKind,
    scan: RowScanner,
  ): void {
    const opcode = kind === 'insert' ? 'UPSERT' : 'DELETE'
    for (let p = rows.images; p < rows.end;) {
      const end = this.scan(scan, p, this.at, rows)
      if (current.is(rows.bytes, this.at)) {
        this.emit(table, opcode, table.key(rows.bytes, this.at), this.at, end - p, undefined)
      }
      p = end
    }
  }

  private prepare(table: CapturedTable, rows: RowsEvent, timestampNanos: bigint): void {
    const { columns } = table
    if (rows.bitmapBytes !== (columns.length + 7) >> 3) {
      throw new BinlogEventCorruptError(
        `rows of ${table.name}: their columns are not the ${columns.length} of the table map`,
      )
    }
    this.table = table
    this.bytes = rows.bytes
    this.smallImageBytesMax = table.bound.inflates ? -1 : SMALL_IMAGE_BYTES_MAX
    if (this.at.length < columns.length) {
      this.at = new Int32Array(columns.length)
      this.before = new Int32Array(columns.length)
    }
    this.append.sourceId = table.source.id
    this.append.schemaId = table.schema.id
    this.append.logicalPartition = table.logicalPartition
    this.append.timestampNanos = timestampNanos
  }

  private scan(scan: RowScanner, p: number, at: Int32Array, rows: RowsEvent): number {
    const end = scan(rows.bytes, p, at)
    // Written so that NaN, from reading beyond the buffer, fails as well.
    if (!(end <= rows.end && end > p)) {
      throw new BinlogEventCorruptError(
        `rows of ${this.table?.name ?? '?'}: an image ends at ${end}, the event at ${rows.end}`,
      )
    }
    this.refuseHuge(end - p, rows.bytes, at)
    return end
  }

  /** Before anything is made of it: keys of whole rows, too, are as large as the row, and what is compressed grows. */
  private refuseHuge(imageBytes: number, bytes: Buffer, at: Int32Array): void {
    if (imageBytes <= this.smallImageBytesMax) return
    const { loggedBytesMax } = this.limits
    const inflated = this.table?.bound.inflates === true ? this.table.bound.inflated(bytes, at) : 0
    if (imageBytes + inflated <= loggedBytesMax) return
    throw new LoggedRowTooLargeError('a row', this.table?.name, imageBytes + inflated, loggedBytesMax)
  }

  /** A changed key is the end of one row and the beginning of another. */
  private appendUpdates(table: CapturedTable, rows: RowsEvent, scan: RowScanner): void {
    const { scan: scanAfter, complete: completeAfter } = table.images(rows.frame, rows.presentAfter)
    for (let p = rows.images; p < rows.end;) {
      const middle = this.scan(scan, p, this.before, rows)
      const end = this.scan(scanAfter, middle, this.at, rows)
      if (!completeAfter) this.fillFromBefore(table)
      this.emitUpdate(table, rows, middle - p, end - p)
      p = end
    }
  }

  private emitUpdate(table: CapturedTable, rows: RowsEvent, beforeBytes: number, imagesBytes: number): void {
    const oldKey = table.key(rows.bytes, this.before)
    const newKey = table.key(rows.bytes, this.at)
    if (oldKey !== newKey) this.emit(table, 'DELETE', oldKey, this.before, beforeBytes, undefined)
    this.emit(table, 'UPSERT', newKey, this.at, imagesBytes, this.before)
  }

  /** A row that becomes history is deleted, one that comes back from there is a new one. */
  private appendCurrentUpdates(table: CapturedTable, current: CurrentRow, rows: RowsEvent, scan: RowScanner): void {
    const { scan: scanAfter, complete: completeAfter } = table.images(rows.frame, rows.presentAfter)
    for (let p = rows.images; p < rows.end;) {
      const middle = this.scan(scan, p, this.before, rows)
      const end = this.scan(scanAfter, middle, this.at, rows)
      if (!completeAfter) this.fillFromBefore(table)
      const was = current.is(rows.bytes, this.before)
      const stays = current.is(rows.bytes, this.at)
      if (was && stays) this.emitUpdate(table, rows, middle - p, end - p)
      else if (was) this.emit(table, 'DELETE', table.key(rows.bytes, this.before), this.before, middle - p, undefined)
      else if (stays) this.emit(table, 'UPSERT', table.key(rows.bytes, this.at), this.at, end - p, undefined)
      p = end
    }
  }

  /** An after image of only what changed: the rest is as before. */
  private fillFromBefore(table: CapturedTable): void {
    for (const { index, name } of table.columns) {
      if (this.at[index] !== AT_ABSENT) continue
      const before = this.before[index] ?? AT_ABSENT
      if (before === AT_ABSENT) throw new RowImageIncompleteError(table.name, name)
      this.at[index] = before
    }
  }

  private refuseAbsent(table: CapturedTable, rows: RowsEvent): void {
    const { present } = table.images(rows.frame, rows.present)
    const absent = table.columns.find(({ index }) => !isPresent(present, index))
    if (absent !== undefined) throw new RowImageIncompleteError(table.name, absent.name)
  }

  private refuseAbsentKey(table: CapturedTable, rows: RowsEvent): void {
    const { present } = table.images(rows.frame, rows.present)
    const needed = table.current === undefined ? table.keyColumns : [...table.keyColumns, table.current.end]
    const absent = needed.find(({ index }) => !isPresent(present, index))
    if (absent !== undefined) throw new RowImageIncompleteError(table.name, absent.name)
  }

  private emit(
    table: CapturedTable,
    opcode: Opcode,
    key: EventKey,
    at: Int32Array,
    imageBytes: number,
    before: Int32Array | undefined,
  ): void {
    this.append.opcode = opcode
    this.append.key = key
    if (table.custom !== undefined) {
      this.emitMapped(table, opcode, at, before)
      return
    }
    this.source = at
    const valueBytesMax = table.bound.rough(imageBytes, this.bytes, at)
    this.append.maxValueBytes = valueBytesMax
    const isSmall = imageBytes <= this.smallImageBytesMax
    const { eventBytesMax, eventVersion } = this.limits
    if (isSmall && eventHeaderBytesMax(key, eventVersion) + valueBytesMax <= eventBytesMax) {
      this.sink.append(this.append, this.write)
    } else this.emitLarge(table, at)
    this.count++
  }

  /** Reserves what the value takes, not what it might: a buffer need not have room for more than the event. */
  private emitLarge(table: CapturedTable, at: Int32Array): void {
    const { bytesMax, slackBytes } = table.bound.close(this.bytes, at)
    this.append.maxValueBytes = bytesMax
    const { eventBytesMax, eventVersion } = this.limits
    const fits = eventHeaderBytes(this.append.key, eventVersion) + bytesMax <= eventBytesMax
    if (fits && slackBytes <= SLACK_BYTES_MAX) this.sink.append(this.append, this.write)
    else this.appendWritten(table, writtenApart(this.write, bytesMax))
  }

  private emitMapped(table: CapturedTable, opcode: Opcode, at: Int32Array, before: Int32Array | undefined): void {
    const value = this.mapped(table, opcode, at, before)
    if (value === null) return
    this.appendWritten(table, value)
    this.count++
  }

  /** Appends a value of which the size is known. @throws RowTooLargeError */
  private appendWritten(table: CapturedTable, value: Buffer): void {
    const { key } = this.append
    const { eventBytesMax, eventVersion } = this.limits
    const bytes = eventHeaderBytes(key, eventVersion) + value.length
    if (bytes > eventBytesMax) {
      const row = { ordinal: this.ordinal, key: shownKey(key, this.logKeys) }
      throw new RowTooLargeError(table.name, row, bytes, eventBytesMax)
    }
    this.append.maxValueBytes = value.length
    this.sink.append(this.append, (target, offset) => offset + value.copy(target, offset))
  }

  private mapped(
    { custom, map, source, schema, ...table }: CapturedTable,
    opcode: Opcode,
    at: Int32Array,
    before: Int32Array | undefined,
  ): Buffer | null {
    const owner = this.table
    if (custom === undefined || owner === undefined) return null
    try {
      const answer = custom.mapper.map({
        opcode,
        database: map.database,
        table: map.table,
        source,
        schema,
        row: owner.rowObject(this.bytes, at),
        ...(before === undefined ? {} : { before: owner.rowObject(this.bytes, before) }),
      })
      return answer === null ? null : custom.encode(answer)
    } catch (error) {
      throw new MapperFailedError(table.name, error)
    }
  }
}

function boundedSink(sink: WindowSink, eventsMax: number): WindowSink {
  let left = eventsMax
  const bounded = Object.create(sink) as WindowSink
  bounded.append = (append, write) => {
    if (left-- <= 0) throw new RowsLeftOut()
    sink.append(append, write)
  }
  return bounded
}
