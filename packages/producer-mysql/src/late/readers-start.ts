import { type FoundStart, type StartFrom } from '@aesop/reading'
import { fileNameOf, fileNumberOf, formatBinlogScn, parseBinlogScn } from '../log/binlog-scn.ts'
import { type BinlogOrigin } from '../origin/binlog-origin.ts'
import { examineLog } from '../origin/log-examination.ts'
import { type PlaceIndex } from '../place/place-index.ts'
import { type ResumePoint } from '../place/resume-point.ts'
import { MysqlPlaceFinder } from '../session/mysql-place-finder.ts'

/** What is known of the places of a source. */
export interface PlaceFacts {
  /** Name of the physical source. */
  readonly source: string
  readonly index: PlaceIndex
  readonly configuration: string
  /** Where the live reading is. */
  readonly current: ResumePoint
}

const LOG_START = 4
const MS_PER_SECOND = 1000

/**
 * Where somebody begins in the log who has no place yet. What lies before the first place that was read live can be read late from
 * then on: the beginning of its log is noted as a place.
 *
 * @param origin asked with a server id that no reader of the log has, and released
 */
export async function readersStart(
  from: Exclude<StartFrom, { kind: 'latest' }>,
  origin: BinlogOrigin,
  facts: PlaceFacts,
): Promise<FoundStart> {
  try {
    return from.kind === 'earliest' ? await earliest(origin, facts) : await firstOf(from.ms, origin, facts)
  } finally {
    await origin.release()
  }
}

/** What was captured under another configuration can't be made again: then it begins behind that. */
async function earliest(
  origin: BinlogOrigin,
  { source, index, configuration, current }: PlaceFacts,
): Promise<FoundStart> {
  const { file } = await oldestLog(origin)
  const point = beginningOf(file, current)
  index.noteBefore(point, configuration)
  const found = index.find(point.scn, { source, generation: current.generation, configuration })
  return { kind: 'found', scn: found.kind === 'found' ? point.scn : (found.prevScn ?? current.scn) }
}

async function firstOf(
  wantedMs: number,
  origin: BinlogOrigin,
  { source, index, configuration, current }: PlaceFacts,
): Promise<FoundStart> {
  const { file, begunMs } = await oldestLog(origin)
  // A log has whole seconds: nothing that came within the second that is meant may be missed.
  const ms = Math.floor(wantedMs / MS_PER_SECOND) * MS_PER_SECOND
  if (ms > Date.now()) return { kind: 'gone', reason: `${timeOf(ms)} has not come yet` }
  // A file before the oldest may have ended with changes of the second in which that was begun; before the first there is none.
  const isGone = begunMs > ms || (begunMs === ms && fileNumberOf(file) > 1)
  if (isGone)
    return {
      kind: 'gone',
      reason: `the log of the source begins at ${timeOf(begunMs)}, what was before is not known; startFrom: earliest begins there`,
    }
  const { file: at = file, scn = 0n } = await new MysqlPlaceFinder(origin).locate(`timestamp:${ms}`)
  index.noteBefore(beginningOf(at, current), configuration)
  const { fileNumber, position } = parseBinlogScn(scn)
  const { generation } = current
  const wantedScn = formatBinlogScn(generation, fileNumber, position)
  // What was captured under another configuration would be refused when it is asked for.
  const found = index.find(wantedScn, { source, generation, configuration })
  const fault = found.kind === 'gone' && wantedScn < current.scn ? found.fault : undefined
  return fault === undefined ? { kind: 'found', scn: wantedScn } : { kind: 'gone', reason: fault.message }
}

async function oldestLog(origin: BinlogOrigin): Promise<{ readonly file: string; readonly begunMs: number }> {
  const { file } = await new MysqlPlaceFinder(origin).locate('earliest')
  if (file === undefined) throw new Error('the beginning of a log has a name')
  const { log } = await examineLog(origin, { file, position: LOG_START, ended: 0 })
  return { file, begunMs: log.begunSeconds * MS_PER_SECOND }
}

/**
 * Readers that are older than every place of the source, as one of another process or version leaves them, are served from the beginning
 * of the log that their SCN names: not from the SCN's own position, because nothing proves that an event begins there, and rows of an XA
 * transaction may wait before it.
 */
export function noteReaders(
  readersSinceScn: bigint | undefined,
  { source, index, configuration, current }: PlaceFacts,
): void {
  const { file, generation, scn } = current
  if (readersSinceScn === undefined || readersSinceScn >= scn || file === undefined) return
  const { generation: readersGeneration, fileNumber } = parseBinlogScn(readersSinceScn)
  if (readersGeneration !== generation) return
  if (index.find(readersSinceScn, { source, generation, configuration }).kind === 'found') return
  index.noteBefore(beginningOf(fileNameOf(file.replace(/\.\d+$/, ''), fileNumber), current), configuration)
}

/** The beginning of a log, of the server that is read now. */
function beginningOf(file: string, { generation, serverIdentity, gtid }: ResumePoint): ResumePoint {
  const scn = formatBinlogScn(generation, fileNumberOf(file), LOG_START)
  const point = { scn, file, position: LOG_START, ended: 0, serverIdentity, generation, gtid: undefined }
  // A set of MySQL grows by what is read once more to what it was; a position of MariaDB is asked for.
  return gtid?.includes(':') === true ? { ...point, gtid } : point
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
