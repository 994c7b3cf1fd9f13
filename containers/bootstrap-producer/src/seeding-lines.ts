import type { SeedingProgress, StoredSourceReport } from '@aesop/bootstrap-producer'
import { type ProgressLine, progressText, visibleText } from '@aesop/kernel'

/** One line of a seeding: what people look at while it runs. */
export function seedingLine(progress: SeedingProgress): ProgressLine {
  const { source, state, where, waitsFor, fault } = progress
  const goesOn = state === 'seeding'
  const parts = [
    `${visibleText(source)}: ${state}`,
    progressText(goesOn ? progress : { ...progress, rowsPerSecond: undefined, etaSeconds: undefined }),
    ...(where === undefined ? [] : [`where ${visibleText(where)}`]),
    ...(waitsFor === undefined ? [] : [`waits for ${waitsFor}`]),
    ...(fault === undefined ? [] : [`stands still: ${visibleText(fault)}`]),
  ]
  return { text: parts.join(', '), waits: fault !== undefined }
}

/** One line of a table by what is stored. */
export function storedLine({ source, status, logScn, appliedScn, seededRows, where }: StoredSourceReport): string {
  const condition = where === undefined ? '' : `, where ${visibleText(where)}`
  return `${visibleText(source)}: ${status}, ${seededRows} rows seeded${condition}, in the tables up to SCN ${appliedScn} of ${logScn}`
}
