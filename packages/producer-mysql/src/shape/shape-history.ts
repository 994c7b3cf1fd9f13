import { type Logger, messageOf, readIfThere, writeFileAtomically } from '@aesop/kernel'
import { comparePlaces, type LogPlace } from '../log/log-place.ts'
import { ShapesUnsavedError } from '../error/shape-errors.ts'
import { type TableDescription, type TableName } from '../table/table-description.ts'

/** A table as it was in a part of the log. */
export interface KnownShape {
  /** It holds for rows at this place and behind it. */
  readonly from: LogPlace
  /** Where a statement changed it; left out: it holds until the next one passes. */
  readonly until?: LogPlace
  readonly description: TableDescription
}

interface StoredShape extends KnownShape {
  readonly database: string
  readonly table: string
}

const SAVE_AFTER_MS = 1000
/** Of those that have ended: the log that they describe is purged one day. */
const ENDED_MAX = 4000

/**
 * Which shape a captured table had in which part of the log, kept across restarts: while a log is read in its order, a shape
 * holds from its place until a change of its table passes, and whoever reads that part again reads it the same way.
 *
 * The file is `{"shapes": [{database, table, from, until, description}, …]}`. That a shape has ended is on disk before
 * anything behind the change is read. What is only missing there is asked for again; a file of a former version,
 * `{"tables": …}`, says nothing for sure, and neither do shapes of tables that were not captured for a while.
 */
export class ShapeHistory {
  private readonly path: string | undefined
  private readonly log: Logger
  private readonly shapes: Map<string, KnownShape[]>
  /** Where each table was changed last, as far as this process has read. */
  private readonly changes = new Map<string, LogPlace>()
  private timer: NodeJS.Timeout | undefined
  private isUnsaved = false

  /**
   * @param path undefined: nothing is kept
   * @param isNew what is there belongs to a source of this name that was given up
   */
  constructor(path: string | undefined, isNew: boolean, captured: readonly TableName[], log: Logger) {
    this.path = path
    this.log = log
    const stored = isNew || path === undefined ? [] : this.load(path)
    this.shapes = new Map(captured.map((name) => [keyOf(name), []]))
    for (const { database, table, ...shape } of stored) this.shapes.get(keyOf({ database, table }))?.push(shape)
    // Changes of other tables pass unnoticed from now on: what was known of them must not come back one day.
    this.isUnsaved = isNew || stored.some((name) => !this.shapes.has(keyOf(name)))
  }

  /**
   * The shape of rows at a place, where that is sure: the one that was learnt of nearest before it. What was known from earlier
   * on and differs was changed by a statement that is not in the log.
   */
  at(name: TableName, place: LogPlace): TableDescription | undefined {
    return this.of(name)
      .filter((shape) => isWithin(shape, place))
      .reduce<KnownShape | undefined>(laterOf, undefined)?.description
  }

  /** The nearest shape that begins behind a place; it holds there, too, if nothing has changed the table between. */
  ahead(name: TableName, place: LogPlace): KnownShape | undefined {
    return this.of(name)
      .filter(({ from }) => from.generation === place.generation && comparePlaces(from, place) > 0)
      .sort((left, right) => comparePlaces(left.from, right.from))[0]
  }

  /** Whether somebody knows the shape that the table has from this place on, or will have when it comes to that. */
  isCovered(name: TableName, place: LogPlace): boolean {
    return this.of(name).some(
      ({ from, until }) =>
        until === undefined && from.generation === place.generation && comparePlaces(from, place) >= 0,
    )
  }

  register(name: TableName, shape: KnownShape): void {
    if (JSON.stringify(this.at(name, shape.from)) === JSON.stringify(shape.description)) return
    this.shapes.set(keyOf(name), [...this.of(name), shape])
    this.saveSoon()
  }

  /** Nothing lies between an earlier place and the beginning of this shape. */
  extend(name: TableName, shape: KnownShape, from: LogPlace): void {
    this.shapes.set(
      keyOf(name),
      this.of(name).map((each) => (each === shape ? { ...each, from } : each)),
    )
    this.saveSoon()
  }

  /** Statements have changed these tables here. @throws ShapesUnsavedError: nothing behind them may be read then */
  end(names: readonly TableName[], place: LogPlace): void {
    for (const name of names) {
      if (!this.changedAfter(name, place)) this.changes.set(keyOf(name), place)
      const known = this.of(name)
      if (!known.some((shape) => isEndedBy(shape, place))) continue
      this.isUnsaved = true
      this.shapes.set(
        keyOf(name),
        known.map((shape) => (isEndedBy(shape, place) ? { ...shape, until: place } : shape)),
      )
    }
    if (this.isUnsaved) this.save()
  }

  /** Whether a statement behind this place has changed the table, or may have, and was read by this process. */
  changedAfter(name: TableName, place: LogPlace): boolean {
    const last = this.changes.get(keyOf(name))
    return last !== undefined && comparePlaces(last, place) > 0
  }

  /** Has on disk what must be there before reading begins. @throws ShapesUnsavedError */
  begin(): void {
    if (this.isUnsaved) this.save()
    else this.flush()
  }

  /** Saves what is not saved yet. Never throws. */
  flush(): void {
    clearTimeout(this.timer)
    if (this.timer === undefined) return
    try {
      this.save()
    } catch (error) {
      this.log.warn(messageOf(error), { path: this.path })
    }
  }

  private of(name: TableName): KnownShape[] {
    return this.shapes.get(keyOf(name)) ?? []
  }

  private save(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    if (this.path === undefined) return
    this.prune()
    const shapes = [...this.shapes].flatMap(([key, known]) => known.map((shape) => ({ ...nameOf(key), ...shape })))
    try {
      writeFileAtomically(this.path, `${JSON.stringify({ shapes })}\n`)
    } catch (error) {
      throw new ShapesUnsavedError(this.path, error)
    }
    this.isUnsaved = false
  }

  private prune(): void {
    const ended = [...this.shapes.values()].flat().flatMap(({ until }) => (until === undefined ? [] : [until]))
    const oldest = ended.sort(comparePlaces)[ended.length - ENDED_MAX]
    if (oldest === undefined) return
    for (const [key, known] of this.shapes) {
      this.shapes.set(
        key,
        known.filter(({ until }) => until === undefined || comparePlaces(until, oldest) >= 0),
      )
    }
  }

  private saveSoon(): void {
    this.timer ??= setTimeout(() => {
      this.flush()
    }, SAVE_AFTER_MS).unref()
  }

  private load(path: string): readonly StoredShape[] {
    try {
      const text = readIfThere(path)
      return text === undefined ? [] : ((JSON.parse(text) as { shapes?: StoredShape[] }).shapes ?? [])
    } catch (error) {
      this.log.warn(`shapes of tables can not be read: ${messageOf(error)}`, { path })
      return []
    }
  }
}

/** Of two answers for one place the later one. */
function laterOf(before: KnownShape | undefined, shape: KnownShape): KnownShape {
  return before !== undefined && comparePlaces(before.from, shape.from) > 0 ? before : shape
}

function isWithin({ from, until }: KnownShape, place: LogPlace): boolean {
  if (from.generation !== place.generation || comparePlaces(from, place) > 0) return false
  return until === undefined || comparePlaces(place, until) < 0
}

function isEndedBy({ from, until }: KnownShape, place: LogPlace): boolean {
  if (from.generation !== place.generation || comparePlaces(from, place) >= 0) return false
  return until === undefined || comparePlaces(place, until) < 0
}

/** No name holds a NUL. */
function keyOf({ database, table }: TableName): string {
  return `${database}\u0000${table}`
}

function nameOf(key: string): TableName {
  const [database = '', table = ''] = key.split('\u0000')
  return { database, table }
}
