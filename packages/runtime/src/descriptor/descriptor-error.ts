import { AesopError, type ErrorKind } from '@aesop/kernel'
import type { SourceFile, SourceRange } from './source-file.ts'

/** A note is worth knowing and never a reason to stop. */
export type Severity = 'error' | 'warning' | 'note'

/** Where a problem is and what helps to mend it; every part is optional. */
export interface Finding {
  readonly at?: SourceRange | undefined
  /** Text behind the carets of the code frame. */
  readonly label?: string | undefined
  /** Text behind the position: where a value came from. */
  readonly note?: string | undefined
  /** Id of the top-level bean. */
  readonly bean?: string | undefined
  /** Path inside the document, or from the container down to the bean. */
  readonly path?: string | undefined
  readonly hint?: string | undefined
  readonly severity?: Severity | undefined
  readonly cause?: unknown
}

/** A problem with a place in a descriptor; the base of every `AESOP_DESCRIPTOR_…` and `AESOP_MODULE_…` error. */
export class DescriptorError extends AesopError {
  readonly finding: Finding
  #isStrict = false
  constructor(kind: ErrorKind, message: string, finding: Finding) {
    super(kind, message, {
      ...(finding.cause === undefined ? {} : { cause: finding.cause }),
      fields: { ...(finding.bean === undefined ? {} : { bean: finding.bean }) },
    })
    this.finding = finding
  }

  get severity(): Severity {
    return this.#isStrict ? 'error' : (this.finding.severity ?? 'error')
  }

  /** Makes an error of a warning, as `--strict` asks for. */
  becomeError(): void {
    this.#isStrict = true
  }
}

/** Names that are looked at for hints, in all. */
const NAMES_MAX = 100_000

/** Collects the problems of all files of a launch, so that they are reported together. */
export class ProblemList {
  readonly all: DescriptorError[] = []
  readonly #seen = new Set<string>()
  #namesLookedAt = 0

  /** The same fault at the same place is reported once: what children inherit is written once. */
  add(problem: DescriptorError): void {
    const { at } = problem.finding
    const key = at === undefined ? '' : `${problem.code} ${at.start} ${at.file.path} ${problem.message}`
    if (key !== '' && this.#seen.has(key)) return
    this.#seen.add(key)
    this.all.push(problem)
  }

  /**
   * Whether so many names are looked at for one more hint: each hint takes as long as there are names, and a descriptor may
   * have as many faults. After many names in all there are no more hints.
   */
  affordsHint(names: number): boolean {
    this.#namesLookedAt += names
    return this.#namesLookedAt <= NAMES_MAX
  }

  get errorCount(): number {
    return this.all.filter((problem) => problem.severity === 'error').length
  }

  /** Whether one of these files has an error; what is missing there may be a consequence. */
  hasErrorIn(files: readonly SourceFile[]): boolean {
    return this.all.some(
      ({ severity, finding }) => severity === 'error' && finding.at !== undefined && files.includes(finding.at.file),
    )
  }

  get hasErrors(): boolean {
    return this.all.some((problem) => problem.severity === 'error')
  }
}
