import { AesopError, type ErrorKind } from '@aesop/kernel'
import type { SourceFile, SourceRange } from './source-file.ts'

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
  readonly severity?: 'error' | 'warning' | undefined
  readonly cause?: unknown
}

/** A problem with a place in a descriptor; the base of every `AESOP_DESCRIPTOR_…` and `AESOP_MODULE_…` error. */
export class DescriptorError extends AesopError {
  readonly finding: Finding
  constructor(kind: ErrorKind, message: string, finding: Finding) {
    super(kind, message, {
      ...(finding.cause === undefined ? {} : { cause: finding.cause }),
      fields: { ...(finding.bean === undefined ? {} : { bean: finding.bean }) },
    })
    this.finding = finding
  }

  get severity(): 'error' | 'warning' {
    return this.finding.severity ?? 'error'
  }
}

/** Collects the problems of all files of a launch, so that they are reported together. */
export class ProblemList {
  readonly all: DescriptorError[] = []

  add(problem: DescriptorError): void {
    this.all.push(problem)
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
