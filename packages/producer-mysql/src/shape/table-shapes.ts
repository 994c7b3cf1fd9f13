import { type Logger, messageOf } from '@aesop/kernel'
import { type BinlogPosition } from '../log/binlog-stream.ts'
import { type LogAhead, type NamedPlace } from './log-ahead.ts'
import { type LogCursor } from '../log/log-cursor.ts'
import { comparePlaces, type LogPlace, placeAt, placeOf } from '../log/log-place.ts'
import { TableAnswerOfAnotherError } from '../error/shape-errors.ts'
import { type ShapeHistory } from './shape-history.ts'
import {
  type CatalogueAnswer,
  type TableCatalogue,
  type TableDescription,
  type TableName,
} from '../table/table-description.ts'

/** What somebody who needs the shape of a table is told. */
export type ShapeFinding =
  { readonly description: TableDescription } | { readonly reason: string } | { readonly locked: true }

export interface TableShapesOptions {
  readonly history: ShapeHistory
  /** Undefined: nobody can be asked. */
  readonly catalogue: TableCatalogue | undefined
  /** Undefined: nothing lies between an answer and the place that asked for it. */
  readonly ahead: LogAhead | undefined
  readonly generation: number
  readonly log: Logger
}

/** Where the log itself describes its columns, this much of it is looked at for the rest: type names alone hang on it. */
const LOOKED_AT_FOR_NAMES_BYTES_MAX = 16 * 1024 * 1024

/**
 * The shape that a captured table had at a place of the log, when it is sure:
 *
 * - one that was known from an earlier place on holds until a change of its table passes;
 * - an answer of the catalogue holds from the place of the log where it was given, and for rows before that if no change of
 *   the table lies between, which the log itself is asked for.
 */
export class TableShapes {
  private readonly options: TableShapesOptions

  constructor(options: TableShapesOptions) {
    this.options = options
    this.takeAnswers()
    options.history.begin()
  }

  /** The sure shape of rows here; undefined: not known, or not sure. */
  known(name: TableName, cursor: LogCursor): TableDescription | undefined {
    this.takeAnswers()
    return this.options.history.at(name, this.here(cursor))
  }

  /**
   * Asks for the shape of rows here, that nobody knows.
   * @param needed false: the log has the names; it is not read far ahead for the rest
   */
  async find(name: TableName, cursor: LogCursor, needed: boolean): Promise<ShapeFinding> {
    const here = this.here(cursor)
    const { history, catalogue } = this.options
    const waiting = history.ahead(name, here)
    if (waiting !== undefined) return this.reachBack(name, here, waiting.from, needed)
    if (catalogue === undefined) return { reason: 'the log does not say it, and nobody can be asked' }
    const answer = await catalogue.refresh(name.database, name.table)
    if (answer.description === undefined) return { reason: 'the server does not have the table any more' }
    if (answer.at === 'everywhere') return { description: answer.description }
    if (answer.at === undefined) return { locked: true }
    const from = placeAt(here.generation, answer.at)
    if (comparePlaces(from, here) < 0) {
      const answers = `a server whose log ends at ${textOf(here, from)}`
      throw new TableAnswerOfAnotherError(answers, `one that was read up to ${textOf(here, here)}`)
    }
    this.take(name, answer)
    const { description } = answer
    return comparePlaces(from, here) === 0 ? { description } : this.reachBack(name, here, from, needed)
  }

  /** Statements have changed these tables here, or may have: what they are now is asked for at once. */
  changed(names: readonly TableName[], cursor: LogCursor): Promise<void> | undefined {
    if (names.length === 0) return undefined
    this.takeAnswers()
    const { history, catalogue } = this.options
    const here = this.here(cursor)
    history.end(names, here)
    const unknown = names.filter((name) => !history.isCovered(name, here))
    return catalogue === undefined || unknown.length === 0 ? undefined : this.ask(catalogue, unknown)
  }

  /** When that fails, whoever needs the table asks again. */
  private async ask(catalogue: TableCatalogue, names: readonly TableName[]): Promise<void> {
    try {
      for (const name of names) this.take(name, await catalogue.refresh(name.database, name.table))
    } catch (error) {
      this.options.log.debug(`changed tables can not be described now: ${messageOf(error)}`)
    }
  }

  private async reachBack(name: TableName, here: NamedPlace, from: LogPlace, needed: boolean): Promise<ShapeFinding> {
    const { history, ahead } = this.options
    if (!needed && !isNear(here, from)) return { reason: 'the log was not read ahead so far' }
    const change = await ahead?.changeBetween(name, here, from)
    const until = textOf(here, from)
    if (change !== undefined) {
      return { reason: `it was changed at ${change.file}:${change.position}, before the server was asked at ${until}` }
    }
    const shape = history.ahead(name, here)
    if (shape === undefined) return { reason: `nothing was kept of what the server said at ${until}` }
    history.extend(name, shape, here)
    return { description: shape.description }
  }

  /** What the catalogue was asked for by others: at the start, and at each connection. */
  private takeAnswers(): void {
    for (const { name, answer } of this.options.catalogue?.takeAnswers?.() ?? []) this.take(name, answer)
  }

  private take(name: TableName, { description, at }: CatalogueAnswer): void {
    if (description === undefined || at === undefined || at === 'everywhere') return
    this.options.history.register(name, { from: placeAt(this.options.generation, at), description })
  }

  private here(cursor: LogCursor): NamedPlace {
    return { ...placeOf(this.options.generation, cursor), file: cursor.file }
  }
}

function isNear(here: LogPlace, from: LogPlace): boolean {
  return here.fileNumber === from.fileNumber && from.position - here.position <= LOOKED_AT_FOR_NAMES_BYTES_MAX
}

/** As the log's files are called. */
function textOf({ file }: Pick<BinlogPosition, 'file'>, { fileNumber, position }: LogPlace): string {
  return `${file.replace(/\d+$/, (digits) => String(fileNumber).padStart(digits.length, '0'))}:${position}`
}
