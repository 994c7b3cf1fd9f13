import type { RowDifferenceKind, TableReport } from '@aesop/bootstrap-producer'
import { type ProgressLine, visibleText } from '@aesop/kernel'

const IN_WORDS: Readonly<Record<RowDifferenceKind, string>> = {
  missing: 'missing in the store',
  extra: 'only in the store',
  other: 'other bytes',
}

/** While a table is compared. */
export function comparingLine(report: TableReport): ProgressLine {
  const { source, rows, ofRows } = report
  const of = ofRows === undefined ? '' : ` of about ${ofRows}`
  const text = `${visibleText(source)}: ${rows}${of} rows compared, ${differing(report)} differ`
  return { text, waits: false }
}

/** What the comparison of a table has come to: a line, and one for each row that is named. */
export function comparedLines(report: TableReport): readonly string[] {
  const { outcome, named } = report
  const left = differing(report) - named.length
  const rows = [
    ...named.map(({ key, kind }) => `  ${visibleText(key)}: ${IN_WORDS[kind]}`),
    ...(left > 0 ? [`  and ${left} more`] : []),
  ]
  return [`${visibleText(report.source)}: ${IN_WORDS_OF[outcome](report)}${remarks(report)}`, ...rows]
}

const IN_WORDS_OF: Readonly<Record<TableReport['outcome'], (report: TableReport) => string>> = {
  running: ({ rows }) => `${rows} rows compared`,
  equal: ({ rows }) => `equal, ${rows} rows`,
  differs: (report) => `differs, ${report.rows} rows compared: ${counts(report)}`,
  notCompared: ({ reason = '' }) => `not compared: ${visibleText(reason)}`,
  interrupted: (report) =>
    `interrupted, ${report.rows} rows compared${differing(report) === 0 ? '' : `: ${counts(report)}`}`,
}

function counts(report: TableReport): string {
  const kinds = Object.keys(IN_WORDS) as readonly RowDifferenceKind[]
  return kinds
    .filter((kind) => report[kind] > 0)
    .map((kind) => `${report[kind]} ${IN_WORDS[kind]}`)
    .join(', ')
}

function remarks({ changing, where }: TableReport): string {
  const changed = changing === 0 ? '' : `, ${changing} changed each time that they were looked at`
  return where === undefined ? changed : `${changed}, only where ${visibleText(where)}`
}

function differing({ missing, extra, other }: TableReport): number {
  return missing + extra + other
}
