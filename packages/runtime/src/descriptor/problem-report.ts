import { relative } from 'node:path'
import { AesopError, cutText, messageOf, OWN_ERROR_BYTES_MAX, visibleLines } from '@aesop/kernel'
import { DescriptorError, type Severity } from './descriptor-error.ts'
import { shownLine } from './shown-line.ts'
import { positionOf, type SourceRange } from './source-file.ts'
import type { SecretMask } from '../log/secret-mask.ts'

export interface ReportOptions {
  readonly mask: SecretMask
  /** Paths are shown relative to this folder; default the working directory. */
  readonly cwd?: string | undefined
  readonly color?: boolean | undefined
  /** Adds stacks and causes of causes. */
  readonly verbose?: boolean | undefined
}

/** One problem as data, for machines: the element of `--json`. */
export interface ProblemRecord {
  readonly code: string
  readonly severity: Severity
  readonly message: string
  readonly file?: string
  readonly line?: number
  readonly column?: number
  readonly bean?: string
  readonly path?: string
  readonly hint?: string
}

/** The problem as data; secrets are hidden. */
export function problemRecord(problem: DescriptorError, options: ReportOptions): ProblemRecord {
  const { at, bean, path, hint } = problem.finding
  const masked = (text: string): string => options.mask.apply(text)
  return {
    code: problem.code,
    severity: problem.severity,
    message: masked(problem.message),
    ...(at === undefined ? {} : { file: shownPath(at.file.path, options), ...positionOf(at) }),
    ...(bean === undefined ? {} : { bean }),
    ...(path === undefined ? {} : { path }),
    ...(hint === undefined ? {} : { hint: masked(hint) }),
  }
}

/** The problem as text for people: what, where with a code frame, why, and what to do. */
export function formatProblem(problem: DescriptorError, options: ReportOptions): string {
  const { at, note, hint, path } = problem.finding
  const lines = [` ${problem.code}: ${problem.message}`]
  if (at !== undefined) {
    const { line, column } = positionOf(at)
    lines.push(`  --> ${shownPath(at.file.path, options)}:${line}:${column}${note === undefined ? '' : `   ${note}`}`)
    lines.push(...codeFrame(at, problem.finding.label, options.mask))
  } else if (note !== undefined) lines.push(`  --> ${note}`)
  if (path !== undefined && path !== problem.finding.label) lines.push(`   path: ${path}`)
  if (problem.cause !== undefined) lines.push(...causeLines(problem.cause, options))
  lines.push(`   = ${hint ?? problem.remedy}`)
  return shownReport(problem.severity, lines, options)
}

/** An error without a place, in the same form. */
export function formatError(error: unknown, options: ReportOptions): string {
  if (error instanceof DescriptorError) return formatProblem(error, options)
  const code = error instanceof AesopError ? ` ${error.code}` : ''
  const lines = [`${code}: ${messageOf(error)}`]
  if (error instanceof Error && error.cause !== undefined) lines.push(...causeLines(error.cause, options))
  else if (options.verbose === true || !(error instanceof AesopError)) lines.push(...stackLines(error))
  if (error instanceof AesopError) lines.push(`   = ${error.remedy}`)
  return shownReport('error', lines, options)
}

/** A line of a message stays indented behind the first: none looks like a report of its own. */
function shownReport(severity: Severity, lines: readonly string[], options: ReportOptions): string {
  const shown = lines.map((text) => visibleLines(options.mask.apply(text)).replaceAll('\n', '\n  '))
  return `${paint(severity, options)}${shown.join('\n')}`
}

function codeFrame(at: SourceRange, label: string | undefined, mask: SecretMask): string[] {
  const { line, column } = positionOf(at)
  const start = at.start - (column - 1)
  const newline = at.file.text.indexOf('\n', start)
  const text = at.file.text.slice(start, newline < 0 ? undefined : newline).replace(/\r$/, '')
  const shown = shownLine({ file: at.file, start, end: start + text.length }, mask)
  const from = Math.min(sameLength(text, shown), column - 1)
  const rest = Math.min(sameEndLength(text, shown), Math.max(0, text.length - (column - 1) - (at.end - at.start)))
  const carets = '^'.repeat(Math.max(1, shown.length - rest - from))
  const gutter = ' '.repeat(String(line).length + 2)
  const padding = shown.slice(0, from).replace(/[^\t]/g, ' ')
  return [
    `${gutter}|`,
    ` ${line} | ${shown}`,
    `${gutter}| ${padding}${carets}${label === undefined ? '' : ` wanted by ${label}`}`,
  ]
}

/** How many characters two texts have in common at their beginning. */
function sameLength(one: string, other: string): number {
  let length = 0
  while (length < one.length && one[length] === other[length]) length++
  return length
}

function sameEndLength(one: string, other: string): number {
  let length = 0
  while (length < Math.min(one.length, other.length) && one.at(-1 - length) === other.at(-1 - length)) length++
  return length
}

function causeLines(cause: unknown, options: ReportOptions): string[] {
  const lines: string[] = []
  const seen = new Set<unknown>()
  for (let each = cause; each !== undefined && !seen.has(each); each = each instanceof Error ? each.cause : undefined) {
    seen.add(each)
    const code = each instanceof AesopError ? `${each.code}: ` : ''
    lines.push(`   cause: ${code}${cutText(options.mask.apply(messageOf(each)), OWN_ERROR_BYTES_MAX)}`)
    if (options.verbose === true) lines.push(...stackLines(each))
  }
  return lines
}

function stackLines(error: unknown): string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  return stack
    .split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .map((line) => `     ${line.trim()}`)
}

function shownPath(path: string, options: ReportOptions): string {
  const shown = relative(options.cwd ?? process.cwd(), path)
  return shown.startsWith('..') ? path : shown
}

const COLORS: Readonly<Record<Severity, string>> = { error: '1;31', warning: '1;33', note: '1;36' }

function paint(severity: Severity, options: ReportOptions): string {
  return options.color === true ? `\u001b[${COLORS[severity]}m${severity}\u001b[0m` : severity
}

/** `2 errors, 1 warning in 2 files. Nothing was started.` */
export function problemSummary(problems: readonly DescriptorError[], fileCount: number): string {
  const count = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`
  const errors = problems.filter((problem) => problem.severity === 'error').length
  const warnings = problems.length - errors
  const parts = [count(errors, 'error'), ...(warnings > 0 ? [count(warnings, 'warning')] : [])]
  return `${parts.join(', ')} in ${count(fileCount, 'file')}.`
}
