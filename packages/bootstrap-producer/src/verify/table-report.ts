/** How a row differs: the store has not what the table has, has what the table has not, or has it with other bytes. */
export type RowDifferenceKind = 'missing' | 'extra' | 'other'

export interface RowDifference {
  readonly key: string
  readonly kind: RowDifferenceKind
}

/** How far the comparison of a table is; of one that has ended, what it has come to. */
export interface TableReport {
  readonly source: string
  /** `interrupted`: nobody wanted to know any more. `notCompared`: `reason` says why. */
  readonly outcome: 'running' | 'equal' | 'differs' | 'notCompared' | 'interrupted'
  readonly reason: string | undefined
  /** Rows of the table that were looked at. */
  readonly rows: number
  /** An estimate of all; undefined: nobody knows. */
  readonly ofRows: number | undefined
  readonly missing: number
  readonly extra: number
  readonly other: number
  /** Rows that changed each time that they were looked at: the stream brings them, they are no difference. */
  readonly changing: number
  /** The condition of the last seeding: no other rows were looked at, and none are `extra`. */
  readonly where: string | undefined
  /** The first of the rows that differ. */
  readonly named: readonly RowDifference[]
}

/** Rows that are named, of one table; all are counted. */
const NAMED_MAX = 50

/** Keeps the report of one table. */
export class TableTally {
  readonly #named: RowDifference[] = []
  readonly #source: string
  readonly #counts = { missing: 0, extra: 0, other: 0 }
  readonly #onMoved: (report: TableReport) => void
  #rows = 0
  #changing = 0
  #ofRows: number | undefined
  #where: string | undefined

  constructor(source: string, onMoved: (report: TableReport) => void) {
    this.#source = source
    this.#onMoved = onMoved
  }

  begin(ofRows: number | undefined, where: string | undefined): void {
    this.#ofRows = ofRows
    this.#where = where
  }

  compared(rows: number, changing: number): void {
    this.#rows += rows
    this.#changing += changing
    this.#onMoved(this.#report('running', undefined))
  }

  differs(key: string, kind: RowDifferenceKind): void {
    this.#counts[kind]++
    if (this.#named.length < NAMED_MAX) this.#named.push({ key, kind })
  }

  ended(how: 'compared' | 'interrupted' | { readonly reason: string }): TableReport {
    if (how === 'interrupted') return this.#report('interrupted', undefined)
    if (typeof how === 'object') return this.#report('notCompared', how.reason)
    const { missing, extra, other } = this.#counts
    return this.#report(missing + extra + other === 0 ? 'equal' : 'differs', undefined)
  }

  #report(outcome: TableReport['outcome'], reason: string | undefined): TableReport {
    return {
      source: this.#source,
      outcome,
      reason,
      rows: this.#rows,
      ofRows: this.#ofRows,
      ...this.#counts,
      changing: this.#changing,
      where: this.#where,
      named: [...this.#named],
    }
  }
}
