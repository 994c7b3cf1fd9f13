import type { SeedingProgress, StoredSourceReport } from '@aesop/bootstrap-producer'
import { visibleText } from '@aesop/kernel'

const BAR = 20
const GREEN = '\u001b[32m'
const YELLOW = '\u001b[33m'
const PLAIN = '\u001b[0m'

/** One line of a seeding: what people look at while it runs. */
export function seedingLine(progress: SeedingProgress, color: boolean): string {
  const { source, state, rows, ofRows, percent, rowsPerSecond, etaSeconds, where, waitsFor, fault } = progress
  const of = ofRows === undefined ? '' : ` of about ${ofRows}`
  const parts = [
    `${visibleText(source)}: ${state}`,
    ...(percent === undefined ? [] : [`${barOf(percent)} ${percent} %`]),
    `${rows}${of} rows`,
    ...(state === 'seeding' && rowsPerSecond > 0 ? [`${rowsPerSecond} rows/s`] : []),
    ...(state === 'seeding' && etaSeconds !== undefined ? [`${durationText(etaSeconds)} left`] : []),
    ...(where === undefined ? [] : [`where ${visibleText(where)}`]),
    ...(waitsFor === undefined ? [] : [`waits for ${waitsFor}`]),
    ...(fault === undefined ? [] : [`stands still: ${visibleText(fault)}`]),
  ]
  const line = parts.join(', ')
  if (!color) return line
  return `${fault === undefined ? GREEN : YELLOW}${line}${PLAIN}`
}

/** One line of a table by what is stored. */
export function storedLine({ source, status, logScn, appliedScn, seededRows, where }: StoredSourceReport): string {
  const condition = where === undefined ? '' : `, where ${visibleText(where)}`
  return `${visibleText(source)}: ${status}, ${seededRows} rows seeded${condition}, in the tables up to SCN ${appliedScn} of ${logScn}`
}

function barOf(percent: number): string {
  const full = Math.round((BAR * percent) / 100)
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}]`
}

function durationText(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}
