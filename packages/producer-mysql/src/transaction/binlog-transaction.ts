import { type BinLogEvent } from '../log/binlog-event.ts'
import { type BinlogTransactionOptions } from './binlog-transaction-options.ts'
import { type CapturedTable } from '../row/captured-table.ts'
import { PartialJsonError, TransactionOrderError } from '../error/errors.ts'
import { type EventLimits } from '../log/event-limits.ts'
import { EventMark } from '../log/event-mark.ts'
import { inOrder } from '../log/in-order.ts'
import { GTID_EVENTS, type GtidGroup, isMysqlGtid } from '../log/gtid-event.ts'
import { LogCursor } from '../log/log-cursor.ts'
import { ScnOfLog } from '../log/scn-of-log.ts'
import { type BinlogQuery } from '../log/query-event.ts'
import { RowDelivery, type RowsPlace } from './row-delivery.ts'
import { endsStatementOnly, type RowsKind, tableIdOf } from '../log/rows-event.ts'
import { type LogIdentity } from '../log/place-proof.ts'
import { withoutComments } from '../shape/schema-change.ts'
import { Savepoints } from './savepoints.ts'
import { type SourceChange } from '../shape/schema-change-events.ts'
import { StatementEffects } from '../shape/statement-effects.ts'
import { TransactionTime } from './transaction-time.ts'
import { PlaceEnd, type WindowPosition } from '../log/window-position.ts'
import { xaFrom, xidOfVerdict, type XaTransaction, xaStatement } from './xa-transactions.ts'

/** unknown: before the first boundary; between: after one; group: a GTID was seen; open: rows may come. */
type State = 'unknown' | 'between' | 'group' | 'open'

/**
 * The transaction that the log is in, as event processors see and drive it: one transaction becomes one window.
 *
 * | state   | GTID  | BEGIN | rows   | XID, COMMIT | other statement          | ROLLBACK |
 * |---------|-------|-------|--------|-------------|--------------------------|----------|
 * | unknown | group | open  | skip   | between     | skip                     | between  |
 * | between | group | open  | error  | error       | between                  | between  |
 * | group   | error | open  | error  | between     | ends the group: between  | between  |
 * | open    | error | error | append | between     | stays open               | between  |
 *
 * A MariaDB GTID that is not standalone stands for its BEGIN as well.
 */
export class BinlogTransaction {
  readonly cursor = new LogCursor()
  private state: State = 'unknown'
  private group: GtidGroup | undefined
  private windowOpen = false
  private lastScn: bigint
  private resuming = true
  private lastWindowMs = -Number.MAX_VALUE
  private readonly time = new TransactionTime()
  private groupFrom = 4
  /** Where the event begins that closed the last transaction. */
  private closedBy = -1
  private resets = 0
  private readonly beforeGroup = new EventMark()
  private readonly atPlace = new EventMark()
  private xa: XaTransaction | undefined
  private readonly prepared = new Map<string, XaTransaction>()
  private readonly savepoints = new Savepoints()
  private readonly scn: ScnOfLog
  private readonly effects: StatementEffects
  private readonly rows: RowDelivery
  private readonly options: BinlogTransactionOptions

  constructor(options: BinlogTransactionOptions) {
    this.options = options
    options.tables.cursor = this.cursor
    this.scn = new ScnOfLog(options.generation)
    this.effects = new StatementEffects(options)
    this.rows = new RowDelivery(options)
    this.lastScn = options.sinceScn
  }

  private get gtid(): string | undefined {
    return this.group?.gtid
  }

  get limits(): EventLimits {
    return this.options.limits
  }

  /** Answers later whether everything that hangs on the connection has been forgotten since: nothing may be added then. */
  forgettable(): () => boolean {
    return (
      (begun) => () =>
        this.resets !== begun
    )(this.resets)
  }

  /** The least SCN that the open transaction can get: above those of all that ended before the event at hand. */
  get scnMin(): bigint {
    return this.scn.of(this.cursor) + 1n
  }

  /** Log and position after the last event, for messages. */
  get place(): string {
    return `${this.cursor.file}:${this.cursor.position}`
  }

  /** Where the transaction begins that the event at hand belongs to; the event itself, outside of one. */
  get groupPlace(): { file: string; position: number } {
    return this.state === 'group' || this.state === 'open'
      ? { file: this.cursor.file, position: this.groupFrom }
      : this.eventPlace
  }

  /** Where the event at hand begins. */
  get eventPlace(): { file: string; position: number } {
    return { file: this.cursor.file, position: this.cursor.eventFrom }
  }

  /** Where the transaction begins, open or closed just now, that the event at hand has failed in, or would have begun. */
  faultPlace(type: number): { file: string; position: number } | undefined {
    const { file, eventFrom } = this.cursor
    const isInside = this.state === 'group' || this.state === 'open' || this.closedBy === eventFrom
    if (isInside) return { file, position: this.groupFrom }
    return GTID_EVENTS.has(type) ? { file, position: eventFrom } : undefined
  }

  /** Closes a transaction of which nothing was taken; its window tells whose rows it may have held. */
  passOver(last: BinLogEvent, concerned: readonly SourceChange[]): Promise<void> | undefined {
    // Its rows wait no more: reading has not to begin before them any longer.
    this.prepared.delete(xidOfVerdict(last) ?? '')
    this.forgetWindow()
    if (concerned.length > 0) this.appendChanges(concerned, undefined, last.timestamp)
    this.xa = undefined
    this.state = 'between'
    this.cursor.endTransaction()
    this.lastWindowMs = -Number.MAX_VALUE
    return this.closeWindow()
  }

  /** Notes what an event of a transaction that is passed over changes: the shape of tables goes on from there. */
  passedEvent(event: BinLogEvent): Promise<void> | undefined {
    return this.effects.passed(event, this.limits.loggedBytesMax)
  }

  /** Row changes delivered so far. */
  get rowCount(): number {
    return this.rows.count
  }

  /** Called by the decoder before the processor of each event. */
  advance(event: BinLogEvent): void {
    this.cursor.advance(event)
  }

  /** The log goes on in this file; `ended`: see `LogCursor`. */
  rotate(file: string, position: number, ended?: number): void {
    this.cursor.rotate(file, position, ended)
  }

  /** A log begins, or goes on after a restart of its server. */
  formatDescription(serverVersion: string, log: LogIdentity): void {
    this.cursor.log = log
    this.options.tables.mariadb = serverVersion.includes('MariaDB')
    this.options.tables.serverVersion = serverVersion
    this.rows.forgetTables()
    // A server that died in the middle of a transaction began a new log: what was open never happened.
    if (this.state === 'open' || this.state === 'group') this.rollback()
    if (this.state === 'between' && this.prepared.size === 0) this.options.onMoved?.(this.placeEnd())
  }

  /** A transaction or a single statement follows. @throws TransactionOrderError inside another */
  beginGroup(group: GtidGroup): void {
    if (this.state === 'open' || this.state === 'group') throw this.disorder('a transaction begins inside another')
    if (group.mariadb) this.options.tables.mariadb = true
    this.options.tables.trim()
    this.group = group
    this.time.committedMicros = group.committedMicros
    this.markGroup()
    this.state = group.begins ? 'open' : 'group'
    if (group.preparesXa) this.holdXa()
  }

  begin(): void {
    if (this.state === 'open') throw this.disorder('BEGIN inside a transaction')
    if (this.state !== 'group') {
      this.markGroup()
      this.time.committedMicros = 0
    }
    this.state = 'open'
  }

  private markGroup(): void {
    this.savepoints.clear()
    this.groupFrom = this.cursor.eventFrom
    // MariaDB says in its GTID that the rows of an XA transaction follow, when the event before it is still the last one.
    if (this.group?.mariadb !== true) this.beforeGroup.copy(this.cursor.last)
  }

  /** @throws AesopError of the table's shape; the promise waits for the catalogue */
  tableMap(event: BinLogEvent): Promise<void> | undefined {
    return this.hold(event) ? undefined : this.rows.addTable(event)
  }

  /** Appends the rows of a rows event. @throws TransactionOrderError outside a transaction, or for an unknown table */
  performChanges(event: BinLogEvent, kind: RowsKind): void {
    const table = this.capturedTable(event)
    if (table === undefined) return
    this.openWindow()
    this.rows.take(table, event, kind, this.time.nanosOf(event.timestamp), this.startScn)
  }

  /** Where the open transaction begins: see `Quarantine`. */
  private readonly startScn = (): bigint => this.scn.ofBegin(this.cursor, this.groupFrom)

  /** The place of rows that are not looked at; their window is there all the same. */
  private faultyPlace(event: BinLogEvent): RowsPlace {
    this.openWindow()
    return { timestampNanos: this.time.nanosOf(event.timestamp), startScn: this.startScn() }
  }

  private openWindow(): void {
    if (this.windowOpen) return
    this.rows.beginWindow()
    this.windowOpen = true
  }

  /** An event that is too large to be held. @throws LoggedRowTooLargeError unless nobody captures what it says */
  leaveOut(head: BinLogEvent, bytes: number): void {
    if (this.state !== 'unknown') this.rows.leaveOut(head, bytes, () => this.faultyPlace(head))
  }

  /** Rows that only say what changed inside a document. @throws PartialJsonError for a captured table */
  refusePartialRows(event: BinLogEvent): void {
    const table = this.capturedTable(event)
    if (table === undefined) return
    const fault = new PartialJsonError(table.name, this.place)
    this.rows.takeFaulty(table.source, fault, () => this.faultyPlace(event))
  }

  /** The table of a rows event, if its rows are to be delivered now. */
  private capturedTable(event: BinLogEvent): CapturedTable | undefined {
    if (this.state === 'unknown' || this.hold(event)) return undefined
    if (this.state !== 'open') throw this.disorder('rows outside a transaction')
    const tableId = tableIdOf(event)
    if (endsStatementOnly(event)) return undefined
    if (this.rows.takesFaulty(tableId, () => this.faultyPlace(event))) return undefined
    const table = this.options.tables.get(tableId)
    if (table === null) return undefined
    if (table === undefined) throw this.disorder(`rows of table id ${tableId}, which no table map has named`)
    return table
  }

  /** Closes the transaction and its window. The promise waits until the sink takes more. */
  commit(): Promise<void> | undefined {
    if (this.state === 'between') throw this.disorder('a commit outside a transaction')
    this.cursor.endTransaction()
    if (this.state === 'unknown') {
      this.state = 'between'
      return undefined
    }
    this.state = 'between'
    this.closedBy = this.cursor.eventFrom
    return this.closeWindow()
  }

  /** Forgets the open transaction. */
  rollback(): void {
    this.state = this.state === 'unknown' ? 'unknown' : 'between'
    this.forgetWindow()
    this.xa = undefined
    this.group = undefined
  }

  private forgetWindow(): void {
    if (this.windowOpen) this.options.sink.rollbackWindow()
    this.windowOpen = false
    this.rows.forget()
  }

  /** A MariaDB position means everything before it, too: it may not go past an XA transaction that waits. */
  private pass(gtid: string | undefined): void {
    if (gtid !== undefined && (isMysqlGtid(gtid) || this.prepared.size === 0)) this.options.onPassed?.(gtid)
  }

  /** Forgets everything that hangs on the connection; `between`: reading goes on between two transactions. */
  reset(between: boolean): void {
    this.rollback()
    this.resets++
    this.state = between ? 'between' : 'unknown'
    this.prepared.clear()
    this.rows.forgetTables()
    this.resuming = true
  }

  /** Everything that is there has been read: traffic that nobody captures may move the SCN now. */
  caughtUp(): void {
    if (this.state === 'between' && this.cursor.file !== '') void this.closeWindow()
  }

  private closeWindow(): Promise<void> | undefined {
    // Not the time of day: a clock that is set back would keep a quiet table on a log that is soon purged.
    const now = this.windowOpen ? 0 : performance.now()
    const scn = this.windowOpen || this.isEmptyDue(now) ? this.scn.of(this.cursor) : undefined
    if (scn !== undefined && !this.isRepeated(scn)) {
      const kept = this.rows.closing(scn)
      return kept === undefined ? this.endWindow(scn, now) : kept.then(() => this.endWindow(scn, now))
    }
    if (scn !== undefined) this.forgetWindow()
    this.pass(this.gtid)
    return undefined
  }

  private endWindow(scn: bigint, now: number): Promise<void> | undefined {
    const { sink } = this.options
    if (!this.windowOpen) {
      sink.beginWindow()
      this.lastWindowMs = now
    }
    this.windowOpen = false
    sink.endWindow(scn)
    this.lastScn = scn
    this.options.onWindow(scn, this.resumePosition())
    return sink.whenWritable()
  }

  /** Every so often, and when the place is reached up to which others wait. */
  private isEmptyDue(now: number): boolean {
    const { emptyWindowEveryMs, reachScn } = this.options
    if (now - this.lastWindowMs >= emptyWindowEveryMs) return true
    if (this.lastScn >= reachScn) return false
    return this.scn.of(this.cursor) >= reachScn
  }

  /** After a resume, what is there already comes again and is dropped; later, the order must hold. */
  private isRepeated(scn: bigint): boolean {
    if (scn > this.lastScn) {
      this.resuming = false
      return false
    }
    if (this.resuming || !this.windowOpen) return true
    throw this.disorder(`SCN ${scn} after ${this.lastScn}`)
  }

  /** While an XA transaction waits for its verdict, resuming has to read its rows again; a MySQL set leaves it out. */
  private resumePosition(): WindowPosition {
    if (this.prepared.size === 0) return this.placeEnd()
    const { gtid } = this
    const [oldest] = this.prepared.values()
    const place = oldest?.from ?? this.placeEnd()
    return gtid === undefined || !isMysqlGtid(gtid) ? place : { ...place, gtid }
  }

  /** This place, as it may be stored. */
  private placeEnd(): WindowPosition {
    this.atPlace.copy(this.cursor.last)
    return new PlaceEnd(this.cursor, this.atPlace, this.group)
  }

  /** A statement of the log. */
  query(query: BinlogQuery, event: BinLogEvent): Promise<void> | undefined {
    const sql = withoutComments(query.sql)
    const verb = /^[A-Za-z]*/.exec(sql)?.[0].toUpperCase() ?? ''
    if (verb === 'BEGIN' || /^START\s+TRANSACTION/i.test(sql)) this.begin()
    else if (verb === 'COMMIT') return this.commit()
    else if (verb === 'ROLLBACK') this.rollbackTo(sql)
    else if (verb === 'XA') return this.xaQuery(sql, event)
    else if (verb === 'SAVEPOINT') this.savepoints.set(sql, this.undoer())
    else if (verb !== 'RELEASE') return this.statement(query, sql, verb, event.timestamp)
    return undefined
  }

  private rollbackTo(sql: string): void {
    if (!/^ROLLBACK\s+(WORK\s+)?TO\b/i.test(sql)) {
      const { gtid } = this
      this.rollback()
      this.cursor.endTransaction()
      this.pass(gtid)
    } else if (this.state === 'open') this.undoTo(sql)
  }

  /**
   * The server logs this when a table without transactions took part. Rows of such tables stand in transactions of their
   * own: whatever came since the savepoint is undone.
   */
  private undoTo(sql: string): void {
    const undo = this.savepoints.rollBack(sql)
    if (undo === undefined) throw this.disorder(`a savepoint that is not there: ${sql.slice(0, 100)}`)
    undo()
  }

  /** Forgets, when it is called, what comes from now on. */
  private undoer(): () => void {
    const { xa } = this
    if (xa !== undefined) {
      const { length } = xa.events
      return () => void xa.events.splice(length)
    }
    if (this.windowOpen) return this.rows.mark(this.options.sink.mark?.() ?? this.alarm)
    return () => {
      this.forgetWindow()
    }
  }

  private readonly alarm = (): void => {
    this.options.log.error('this sink can not forget what ROLLBACK TO SAVEPOINT has undone', this.cursor.here)
  }

  private statement(query: BinlogQuery, sql: string, verb: string, seconds: number): Promise<void> | undefined {
    const isChange = this.group?.changesNothing !== true
    const changes = isChange ? this.effects.take(query, sql, verb, this.cursor.here) : []
    const end = (): Promise<void> | undefined => {
      // MySQL creates a table from a SELECT in one transaction, which this statement opens.
      if (this.state === 'group' && /\bSTART\s+TRANSACTION\s*$/i.test(sql)) this.begin()
      if (this.state !== 'unknown' && changes.length > 0) this.appendChanges(changes, query.sql, seconds)
      return this.state === 'group' ? this.commit() : undefined
    }
    return isChange ? inOrder(this.effects.changeShapes(query), end) : end()
  }

  /** A statement that changes a table is a transaction of its own, also in a log without identifiers. */
  private appendChanges(changes: readonly SourceChange[], sql: string | undefined, seconds: number): void {
    if (this.state === 'between') {
      this.time.committedMicros = 0
      this.markGroup()
      this.state = 'group'
    }
    this.openWindow()
    for (const change of changes) this.options.changes.append(change, this.time.nanosOf(seconds), sql)
  }

  private xaQuery(sql: string, event: BinLogEvent): Promise<void> | undefined {
    const xa = xaStatement(sql)
    if (xa?.verb === 'START') {
      this.state = 'open'
      this.holdXa()
    } else if (xa?.verb === 'ROLLBACK') {
      this.forget(xa.xid)
      this.state = 'between'
      this.cursor.endTransaction()
      this.pass(this.gtid)
    } else if (xa?.verb === 'COMMIT') return this.xaCommit(xa.xid, event)
    return undefined
  }

  private holdXa(): void {
    const before = this.group?.mariadb === true ? this.cursor.last : this.beforeGroup
    this.xa = xaFrom(this.cursor, this.groupFrom, before, this.gtid)
  }

  /** The verdict has come. */
  private forget(xid: string): XaTransaction | undefined {
    const held = this.prepared.get(xid)
    this.prepared.delete(xid)
    this.pass(held?.gtid)
    return held
  }

  /** Rows of an XA transaction have ended, and wait; in one phase they are committed at once. */
  xaPrepare(
    prepared: { readonly xid: string; readonly onePhase: boolean },
    event: BinLogEvent,
  ): Promise<void> | undefined {
    const held = this.xa
    this.xa = undefined
    this.state = 'between'
    if (held !== undefined && prepared.onePhase) return this.replay(held, event)
    this.cursor.endTransaction()
    if (held === undefined) return undefined
    this.prepared.set(prepared.xid, held)
    // It has not been passed yet.
    this.group = undefined
    return undefined
  }

  private xaCommit(xid: string, event: BinLogEvent): Promise<void> | undefined {
    const held = this.xa ?? this.forget(xid)
    this.xa = undefined
    if (held !== undefined) return this.replay(held, event)
    this.state = 'between'
    this.cursor.endTransaction()
    this.pass(this.gtid)
    // What was prepared before the place where reading began was delivered by nobody.
    this.options.log.error('XA COMMIT of rows that were prepared before reading began: they are lost', this.cursor.here)
    return undefined
  }

  private async replay(held: XaTransaction, event: BinLogEvent): Promise<void> {
    const { bytes, offset, end } = event
    this.state = 'open'
    for (const each of held.events) await this.options.dispatch(event.set(each, 0, each.length))
    event.set(bytes, offset, end)
    await this.commit()
  }

  /** Keeps a copy of a table map or rows event of an XA transaction. */
  private hold(event: BinLogEvent): boolean {
    if (this.xa === undefined) return false
    this.xa.events.push(Buffer.from(event.bytes.subarray(event.offset, event.end)))
    return true
  }

  /** Runs an event that stood inside another one. */
  dispatch(event: BinLogEvent): Promise<void> | undefined {
    return this.options.dispatch(event)
  }

  private disorder(fault: string): TransactionOrderError {
    return new TransactionOrderError(`${fault}, before ${this.place}`)
  }
}
