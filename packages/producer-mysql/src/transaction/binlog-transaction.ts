import { type BinLogEvent } from '../log/binlog-event.ts'
import { type BinlogTransactionOptions } from './binlog-transaction-options.ts'
import { type CapturedTable } from '../row/captured-table.ts'
import { PartialJsonError, TransactionOrderError } from '../error/errors.ts'
import { type EventLimits } from '../log/event-limits.ts'
import { EventMark } from '../log/event-mark.ts'
import { inOrder } from '../log/in-order.ts'
import { type GtidGroup, isMysqlGtid } from '../log/gtid-event.ts'
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
import { type HeldTransaction, HeldXa } from './held-xa.ts'
import { type WaitingXa } from './waiting-xa.ts'
import { TransactionBegin } from './transaction-begin.ts'
import { TransactionWindow } from './transaction-window.ts'
import { PlaceEnd, type WindowPosition } from '../log/window-position.ts'
import { xidOfVerdict, xaStatement } from './xa-transactions.ts'

/** unknown: before the first boundary; between: after one; group: a GTID was seen; open: rows may come. */
type State = 'unknown' | 'between' | 'group' | 'open'

/**
 * The transaction that the log is in, as event processors see and drive it: one transaction becomes one window.
 *
 * | state   | GTID  | BEGIN | rows   | XID, COMMIT | other statement          | ROLLBACK |
 * |---------|-------|-------|--------|-------------|--------------------------|----------|
 * | unknown | group | open  | skip   | between     | skip                     | unknown  |
 * | between | group | open  | error  | error       | between                  | between  |
 * | group   | error | open  | error  | between     | ends the group: between  | between  |
 * | open    | error | error | append | between     | stays open               | between  |
 *
 * A MariaDB GTID that is not standalone stands for its BEGIN as well.
 */
export class BinlogTransaction {
  readonly cursor = new LogCursor()
  private state: State = 'unknown'
  private resets = 0
  private readonly begins = new TransactionBegin(this.cursor)
  private readonly atPlace = new EventMark()
  private readonly xa: HeldXa
  private readonly savepoints = new Savepoints()
  private readonly scn: ScnOfLog
  private readonly effects: StatementEffects
  private readonly rows: RowDelivery
  private readonly window: TransactionWindow
  private readonly options: BinlogTransactionOptions

  constructor(options: BinlogTransactionOptions) {
    this.options = options
    this.xa = new HeldXa(options.heldXa)
    const { cursor, resumePosition } = this
    options.tables.cursor = cursor
    const scn = new ScnOfLog(options.generation)
    const rows = new RowDelivery(options)
    this.scn = scn
    this.rows = rows
    this.effects = new StatementEffects(options)
    const { sink, onWindow, emptyWindowEveryMs, reachScn, sinceScn } = options
    const wanted = { sink, onWindow, emptyWindowEveryMs, reachScn, sinceScn }
    const onPassed = (): void => {
      this.pass(this.begins.gtid)
    }
    this.window = new TransactionWindow({ ...wanted, cursor, rows, scn, resumePosition, onPassed })
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
    return this.isInside ? this.begins.place : this.eventPlace
  }

  /** Up to here everything has been delivered; undefined: nobody knows yet where the log is read. */
  get reached(): { file: string; position: number } | undefined {
    if (this.state === 'unknown' || this.cursor.file === '') return undefined
    return this.isInside ? this.begins.place : this.cursor.here
  }

  private get isInside(): boolean {
    return this.state === 'group' || this.state === 'open'
  }

  /** Where the event at hand begins. */
  get eventPlace(): { file: string; position: number } {
    return { file: this.cursor.file, position: this.cursor.eventFrom }
  }

  /** Where the transaction begins, open or closed just now, that the event at hand has failed in, or would have begun. */
  faultPlace(type: number): { file: string; position: number } | undefined {
    return this.begins.faultPlace(this.isInside, type)
  }

  /** Closes a transaction of which nothing was taken; its window tells whose rows it may have held. */
  passOver(last: BinLogEvent, concerned: readonly SourceChange[]): Promise<void> | undefined {
    // Its rows wait no more: reading has not to begin before them any longer.
    this.xa.drop(this.settle(xidOfVerdict(last) ?? ''))
    this.window.forget()
    if (concerned.length > 0) this.appendChanges(concerned, undefined, last.timestamp)
    this.xa.drop(this.xa.close())
    this.state = 'between'
    this.cursor.endTransaction()
    this.window.hurry()
    return this.window.close()
  }

  /** Notes what an event of a transaction that is passed over changes: the shape of tables goes on from there. */
  passedEvent(event: BinLogEvent): Promise<void> | undefined {
    return this.effects.passed(event, this.limits.loggedBytesMax)
  }

  /** XA transactions whose verdict has still to come. */
  get waitingXa(): WaitingXa | undefined {
    return this.xa.waiting
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
    if (this.isInside) this.rollback()
    if (this.state === 'between' && !this.xa.isWaiting) this.options.onMoved?.(this.placeEnd())
  }

  /** A transaction or a single statement follows. @throws TransactionOrderError inside another */
  beginGroup(group: GtidGroup): void {
    if (this.isInside) throw this.disorder('a transaction begins inside another')
    if (group.mariadb) this.options.tables.mariadb = true
    this.options.tables.trim()
    this.begins.group = group
    this.mark(group.committedMicros)
    this.state = group.begins ? 'open' : 'group'
    if (group.preparesXa) this.xa.open(this.begins.xa())
  }

  begin(): void {
    if (this.state === 'open') throw this.disorder('BEGIN inside a transaction')
    if (this.state !== 'group') this.mark(0)
    this.state = 'open'
  }

  private mark(committedMicros: number): void {
    this.savepoints.clear()
    this.begins.mark(committedMicros)
  }

  /** @throws AesopError of the table's shape; the promise waits for the catalogue */
  tableMap(event: BinLogEvent): Promise<void> | undefined {
    return this.xa.take(event) ? this.xa.whenWritten() : this.rows.addTable(event)
  }

  /**
   * Appends the rows of a rows event; the promise waits until those of an XA transaction are where they are held.
   * @throws TransactionOrderError outside a transaction, or for an unknown table
   */
  performChanges(event: BinLogEvent, kind: RowsKind): Promise<void> | undefined {
    const table = this.capturedTable(event)
    if (table === undefined) return this.xa.whenWritten()
    this.window.open()
    this.rows.take(table, event, kind, this.begins.time.nanosOf(event.timestamp), this.startScn)
    return undefined
  }

  /** Where the open transaction begins: see `Quarantine`. */
  private readonly startScn = (): bigint => this.scn.ofBegin(this.cursor, this.begins.from)

  /** The place of rows that are not looked at; their window is there all the same. */
  private faultyPlace(event: BinLogEvent): RowsPlace {
    this.window.open()
    return { timestampNanos: this.begins.time.nanosOf(event.timestamp), startScn: this.startScn() }
  }

  /** An event that is too large to be held. @throws LoggedRowTooLargeError unless nobody captures what it says */
  leaveOut(head: BinLogEvent, bytes: number): void {
    if (this.state !== 'unknown') this.rows.leaveOut(head, bytes, () => this.faultyPlace(head))
  }

  /** Rows that only say what changed inside a document. @throws PartialJsonError for a captured table */
  refusePartialRows(event: BinLogEvent): Promise<void> | undefined {
    const table = this.capturedTable(event)
    if (table === undefined) return this.xa.whenWritten()
    const fault = new PartialJsonError(table.name, this.place)
    this.rows.takeFaulty(table.source, fault, () => this.faultyPlace(event))
    return undefined
  }

  /** The table of a rows event, if its rows are to be delivered now. */
  private capturedTable(event: BinLogEvent): CapturedTable | undefined {
    if (this.state === 'unknown' || this.xa.take(event)) return undefined
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
    this.begins.closes()
    return this.window.close()
  }

  /** Forgets the open transaction. */
  rollback(): void {
    this.state = this.state === 'unknown' ? 'unknown' : 'between'
    this.window.forget()
    this.xa.drop(this.xa.close())
    this.begins.group = undefined
  }

  /** A MariaDB position means everything before it, too: it may not go past an XA transaction that waits. */
  private pass(gtid: string | undefined): void {
    if (gtid !== undefined && (isMysqlGtid(gtid) || !this.xa.isWaiting)) this.options.onPassed?.(gtid)
  }

  /** Forgets everything that hangs on the connection; `between`: reading goes on between two transactions. */
  reset(between: boolean): void {
    this.rollback()
    this.resets++
    this.state = between ? 'between' : 'unknown'
    this.xa.forget()
    this.rows.forgetTables()
    this.window.resume()
  }

  /** Everything that is there has been read: traffic that nobody captures may move the SCN now. */
  caughtUp(): void {
    if (this.state === 'between' && this.cursor.file !== '') void this.window.close()
  }

  /** While an XA transaction waits for its verdict, resuming has to read its rows again; a MySQL set leaves it out. */
  private readonly resumePosition = (): WindowPosition => {
    const from = this.xa.oldestFrom
    if (from === undefined) return this.placeEnd()
    const { gtid } = this.begins
    return gtid === undefined || !isMysqlGtid(gtid) ? from : { ...from, gtid }
  }

  /** This place, as it may be stored. */
  private placeEnd(): WindowPosition {
    this.atPlace.copy(this.cursor.last)
    return new PlaceEnd(this.cursor, this.atPlace, this.begins.group)
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
      const { gtid } = this.begins
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
    const undo = this.xa.undoer()
    if (undo !== undefined) return undo
    if (this.window.isOpen) return this.rows.mark(this.options.sink.mark?.() ?? this.alarm)
    return () => {
      this.window.forget()
    }
  }

  private readonly alarm = (): void => {
    this.options.log.error('this sink can not forget what ROLLBACK TO SAVEPOINT has undone', this.cursor.here)
  }

  private statement(query: BinlogQuery, sql: string, verb: string, seconds: number): Promise<void> | undefined {
    const isChange = this.begins.group?.changesNothing !== true
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
      this.mark(0)
      this.state = 'group'
    }
    this.window.open()
    for (const change of changes) this.options.changes.append(change, this.begins.time.nanosOf(seconds), sql)
  }

  private xaQuery(sql: string, event: BinLogEvent): Promise<void> | undefined {
    const xa = xaStatement(sql)
    if (xa?.verb === 'START') {
      this.state = 'open'
      this.xa.open(this.begins.xa())
    } else if (xa?.verb === 'ROLLBACK') {
      this.xa.drop(this.settle(xa.xid))
      this.state = 'between'
      this.cursor.endTransaction()
      this.pass(this.begins.gtid)
    } else if (xa?.verb === 'COMMIT') return this.xaCommit(xa.xid, event)
    return undefined
  }

  /** The verdict has come. */
  private settle(xid: string): HeldTransaction | undefined {
    const held = this.xa.settle(xid)
    this.pass(held?.gtid)
    return held
  }

  /** Rows of an XA transaction have ended, and wait; in one phase they are committed at once. */
  xaPrepare(
    prepared: { readonly xid: string; readonly onePhase: boolean },
    event: BinLogEvent,
  ): Promise<void> | undefined {
    const held = this.xa.close()
    this.state = 'between'
    if (held !== undefined && prepared.onePhase) return this.replay(held, event)
    this.cursor.endTransaction()
    if (held === undefined) return undefined
    this.xa.prepare(prepared.xid, held, event.timestamp)
    // It has not been passed yet.
    this.begins.group = undefined
    return undefined
  }

  private xaCommit(xid: string, event: BinLogEvent): Promise<void> | undefined {
    const held = this.xa.close()
    if (held !== undefined) return this.replay(held, event)
    const waited = this.xa.settle(xid)
    if (waited !== undefined) return this.replay(waited, event, waited.gtid)
    this.state = 'between'
    this.cursor.endTransaction()
    this.pass(this.begins.gtid)
    // What was prepared before the place where reading began was delivered by nobody.
    this.options.log.error('XA COMMIT of rows that were prepared before reading began: they are lost', this.cursor.here)
    return undefined
  }

  /**
   * Its rows become a window, which may be larger than memory. Without rows nothing is waited for: whoever only counts
   * transactions waits for none.
   *
   * @param waitedAs the identifier of its rows, where they waited: passed with their window, and not before, else a process that ends
   *   meanwhile, and goes on at another server, would get the verdict alone
   */
  private replay(held: HeldTransaction, event: BinLogEvent, waitedAs?: string): Promise<void> | undefined {
    this.state = 'open'
    if (held.events.bytes > 0) return this.replayRows(held, event, waitedAs)
    this.pass(waitedAs)
    return this.commit()
  }

  /** A connection that is given up ends it. */
  private async replayRows(held: HeldTransaction, event: BinLogEvent, waitedAs?: string): Promise<void> {
    const { bytes, offset, end } = event
    const isForgotten = this.forgettable()
    try {
      for await (const each of held.events) {
        if (isForgotten()) return
        await this.options.dispatch(event.set(each, 0, each.length))
        if (isForgotten()) return
      }
    } finally {
      this.xa.drop(held)
      event.set(bytes, offset, end)
    }
    this.pass(waitedAs)
    await this.commit()
  }

  /** Runs an event that stood inside another one. */
  dispatch(event: BinLogEvent): Promise<void> | undefined {
    return this.options.dispatch(event)
  }

  private disorder(fault: string): TransactionOrderError {
    return new TransactionOrderError(`${fault}, before ${this.place}`)
  }
}
