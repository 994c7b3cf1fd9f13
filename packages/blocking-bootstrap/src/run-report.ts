import { etaSecondsOf, percentOf, type ProgressLine, progressText, type RunResult, visibleText } from '@aesop/kernel'
import { type TableReport } from './rows-reading.ts'
import { type SourceRun } from './source-run.ts'

const COUNT = new Intl.NumberFormat('en-US')

/** How far the rows of a source are, in one line; undefined: none are being read. */
export function progressLine({ name, tables }: Pick<SourceRun, 'name' | 'tables'>): ProgressLine | undefined {
  const reading = tables.filter(({ state }) => state === 'reading')
  if (reading.length === 0) return undefined
  const waiting = tables.filter(({ state }) => state === 'waiting').length
  const rest = waiting === 0 ? '' : `; ${waiting} more ${waiting === 1 ? 'table' : 'tables'}`
  const text = `${visibleText(name)}: ${reading.map(tableText).join(', ')}${rest}`
  return { text, waits: reading.some(({ fault }) => fault !== undefined) }
}

function tableText({ source, rows, ofRows, rowsPerSecond, fault }: TableReport): string {
  const percent = percentOf(rows, ofRows)
  const etaSeconds = etaSecondsOf(rows, ofRows, rowsPerSecond)
  const waits = fault === undefined ? '' : `, waits: ${visibleText(fault)}`
  return `${visibleText(source)} ${progressText({ rows, ofRows, percent, rowsPerSecond, etaSeconds })}${waits}`
}

/** What a bounded run has come to. */
export function doneResult(runs: readonly SourceRun[]): RunResult {
  return {
    text: runs.map(doneText).join('\n'),
    data: {
      sources: runs.map(({ name, scnSpace, takeoverScn, tables, counts }) => ({
        physicalSource: name,
        takeoverScn: String(takeoverScn),
        scnSpace,
        rows: rowsOf(tables),
        ...counts,
      })),
    },
  }
}

function doneText({ name, takeoverScn, tables, counts }: SourceRun): string {
  const rows = `${COUNT.format(rowsOf(tables))} rows of ${tables.length} ${tables.length === 1 ? 'table' : 'tables'}`
  const windows = `${COUNT.format(counts.windows)} windows of the log`
  return `${name}: ${rows} and ${windows} are with the consumers. An online client takes over at SCN ${takeoverScn} (startFrom: '${takeoverScn}').`
}

function rowsOf(tables: readonly TableReport[]): number {
  return tables.reduce((sum, { rows }) => sum + rows, 0)
}
