import type { LineCounter } from 'yaml'

/** The text of one descriptor, with what is needed to find lines and columns in it. */
export interface SourceFile {
  /** Absolute path. */
  readonly path: string
  readonly text: string
  readonly lines: LineCounter
  /** It holds values of placeholders: of its lines the keys are shown, and nothing else. */
  readonly holdsValues?: boolean
  /** It is not well-formed: what a line of it belongs to is a guess. */
  readonly isBroken?: boolean
}

/** A half-open range of character offsets in a file. */
export interface SourceRange {
  readonly file: SourceFile
  readonly start: number
  readonly end: number
}

/** A place for people and editors; both numbers count from 1. */
export interface SourcePosition {
  readonly line: number
  readonly column: number
}

/** Line and column of the first character of a range. */
export function positionOf(range: SourceRange): SourcePosition {
  const { line, col } = range.file.lines.linePos(range.start)
  return { line, column: col }
}
