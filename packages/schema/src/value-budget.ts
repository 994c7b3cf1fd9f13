import { PayloadLimitError } from './errors.ts'

/** Most values (fields, items and entries of maps) that one row of a nested schema may be made of. */
const ROW_VALUES_MAX = 1024 * 1024
/** How deep records, arrays and maps may lie in one another in one row. */
export const ROW_DEPTH_MAX = 256

/** What one row may still become. A few bytes can promise any number of values that take no bytes, or lie deep in one another. */
export class ValueBudget {
  readonly #record: string
  #left = ROW_VALUES_MAX
  #depth = 0

  /** @param record name of the schema, for the error */
  constructor(record: string) {
    this.#record = record
  }

  /** Forgets what former rows took. */
  renew(): void {
    this.#left = ROW_VALUES_MAX
    this.#depth = 0
  }

  /** To be called before so many values are made. @throws PayloadLimitError */
  spend(values: number): void {
    this.#left -= values
    if (this.#left < 0) throw new PayloadLimitError(this.#record, `more than ${ROW_VALUES_MAX} values`)
  }

  /** @throws PayloadLimitError */
  descend(): void {
    this.#depth++
    if (this.#depth > ROW_DEPTH_MAX) throw new PayloadLimitError(this.#record, `values deeper than ${ROW_DEPTH_MAX}`)
  }

  ascend(): void {
    this.#depth--
  }
}
