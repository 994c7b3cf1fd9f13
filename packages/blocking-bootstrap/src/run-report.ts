import { type RunResult } from '@aesop/kernel'
import { type TableReport } from './rows-reading.ts'
import { type SourceRun } from './source-run.ts'

const COUNT = new Intl.NumberFormat('en-US')

/** How far the rows of a source are, in one line; undefined: none are being read. */
export function progressLine({ name, tables }: Pick<SourceRun, 'name' | 'tables'>): string | undefined {
  const reading = tables.filter(({ state }) => state === 'reading')
  if (reading.length === 0) return undefined
  const waiting = tables.filter(({ state }) => state === 'waiting').length
  const rest = waiting === 0 ? '' : `; ${waiting} more ${waiting === 1 ? 'table' : 'tables'}`
  return `${name}: ${reading.map(tableText).join(', ')}${rest}`
}

function tableText({ source, rows, ofRows, rowsPerSecond, fault }: TableReport): string {
  const of = ofRows === undefined ? '' : ` of about ${COUNT.format(Math.max(ofRows, rows))}`
  const percent = ofRows === undefined || ofRows === 0 ? '' : ` (${Math.min(99, Math.floor((100 * rows) / ofRows))} %)`
  const waits = fault === undefined ? '' : `, waits: ${fault}`
  return `${source} ${COUNT.format(rows)}${of} rows${percent}, ${COUNT.format(rowsPerSecond)} rows/s${etaText(rows, ofRows, rowsPerSecond)}${waits}`
}

function etaText(rows: number, ofRows: number | undefined, rowsPerSecond: number): string {
  if (ofRows === undefined || rowsPerSecond === 0 || ofRows <= rows) return ''
  const seconds = Math.ceil((ofRows - rows) / rowsPerSecond)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const [hours = 0] = parts
  const text = (hours > 0 ? parts : parts.slice(1)).map((part, i) =>
    i === 0 ? String(part) : String(part).padStart(2, '0'),
  )
  return `, ${text.join(':')} left`
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
