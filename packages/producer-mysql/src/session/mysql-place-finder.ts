import { type MaxScn, type Quarantine } from '@aesop/checkpoint'
import { type Place } from '@aesop/kernel'
import { type PassOver, type PlaceFinder, type PlaceRecord } from '@aesop/producer'
import { anewRecord, isAnew, isUnread, underNewScns } from '../place/begin-anew.ts'
import { type BinlogOrigin, NO_LARGE_LOGS } from '../origin/binlog-origin.ts'
import {
  fileNameOf,
  fileNumberOf,
  formatBinlogScn,
  parseBinlogScn,
  POSITION_BOUND,
  scnPosition,
} from '../log/binlog-scn.ts'
import { type BinlogPosition } from '../log/binlog-stream.ts'
import { examineLog } from '../origin/log-examination.ts'
import { faultRemains } from '../place/fault-remains.ts'
import { MysqlPlaceError } from '../error/place-errors.ts'
import { parsePlace, type PlaceText } from '../place/place-text.ts'
import { type ResumePoint, toMaxScn } from '../place/resume-point.ts'
import { fromMaxScn } from '../place/stored-point.ts'
import { type Boundary, scanTransactions } from '../decoder/transaction-scan.ts'

const LOG_START = 4

/** Places of a binary log, of a server or in files. */
export class MysqlPlaceFinder implements PlaceFinder {
  readonly #origin: BinlogOrigin

  /** @param origin with a server id that no reader of the log has */
  constructor(origin: BinlogOrigin) {
    this.#origin = origin
  }

  describe(stored: MaxScn): Place {
    if (isAnew(stored)) {
      const note = 'nothing: startFrom decides at the next start'
      return isUnread(stored) ? { note } : { scn: stored.scn, note }
    }
    return placeOf(fromMaxScn(stored))
  }

  locate(place: string): Promise<Place> {
    return this.#asking(() => this.#locate(place, parsePlace(place)))
  }

  recordAt(place: string, floorScn: bigint): Promise<PlaceRecord> {
    return this.#asking(async () => {
      const parsed = parsePlace(place)
      const found = await this.#pointAt(place, parsed, floorScn)
      const point = underNewScns(found, { scn: floorScn })
      // What must hold when the source starts is asked for now, where somebody can still choose another place.
      if (parsed.kind === 'gtid') await this.#origin.settle(point)
      return { record: toMaxScn(point, Date.now()), place: { ...placeOf(found), ...scnIn(found, point.generation) } }
    })
  }

  recordAnew(floorScn: bigint): PlaceRecord {
    const record = anewRecord(floorScn, Date.now())
    return { record, place: this.describe(record) }
  }

  transactionAt(place: string): Promise<PassOver & Pick<Place, 'timeMs'>> {
    return this.#asking(async () => {
      const parsed = parsePlace(place)
      if (parsed.kind !== 'at') throw new MysqlPlaceError(place, 'a transaction is named by <file>:<position>')
      const { file, position, begins } = await this.#boundaryAt(place, parsed)
      if (begins === undefined) throw new MysqlPlaceError(place, 'no transaction begins there, the log ends')
      const { gtid, timeMs, crc } = begins
      return { file, position, timeMs, crc, ...(gtid === undefined ? {} : { gtid }) }
    })
  }

  faultRemains(interval: Quarantine): Promise<string | undefined> {
    return this.#asking(() => faultRemains(interval, (name) => this.#origin.setting?.(name)))
  }

  async #pointAt(text: string, parsed: PlaceText, floorScn: bigint): Promise<ResumePoint> {
    if (parsed.kind === 'scn') this.#refuseFormer(text, parsed.scn, floorScn)
    if (parsed.kind === 'scn' || parsed.kind === 'at' || parsed.kind === 'timestamp') {
      const { file, position } = await this.#boundaryOf(text, parsed)
      const { serverIdentity } = await this.#latest()
      const { ended, log, event } = await examineLog(this.#origin, { file, position })
      const scn = formatBinlogScn(0, fileNumberOf(file), scnPosition(position, ended))
      return { scn, file, position, ended, log, event, gtid: undefined, serverIdentity, generation: 0 }
    }
    return this.#origin.locate(parsed)
  }

  /** An SCN of an earlier generation names a file and position of a log that may be another one. */
  #refuseFormer(text: string, scn: bigint, floorScn: bigint): void {
    const [wanted, now] = [parseBinlogScn(scn).generation, parseBinlogScn(floorScn).generation]
    if (floorScn < 0n || wanted === now) return
    const remedy = 'Name the place by <file>:<position>, gtid:<position> or timestamp:<time>.'
    throw new MysqlPlaceError(text, `it is of generation ${wanted}, the source is in generation ${now}`, remedy)
  }

  async #locate(text: string, parsed: PlaceText): Promise<Place> {
    if (parsed.kind === 'latest' || parsed.kind === 'earliest') return placeOf(await this.#origin.locate(parsed))
    const boundary =
      parsed.kind === 'gtid' ? await this.#afterGtids(text, parsed.gtid) : await this.#boundaryOf(text, parsed)
    const generation = parsed.kind === 'scn' ? parseBinlogScn(parsed.scn).generation : 0
    const { file, position, ended } = boundary
    return {
      scn: await this.#scnOf(boundary, generation),
      file,
      position,
      ...(ended?.gtid === undefined ? {} : { gtid: ended.gtid }),
      ...(ended === undefined ? {} : { timeMs: ended.timeMs }),
    }
  }

  async #scnOf({ file, position }: BinlogPosition, generation: number): Promise<bigint> {
    const ended = position < POSITION_BOUND ? 0 : (await examineLog(this.#origin, { file, position })).ended
    return formatBinlogScn(generation, fileNumberOf(file), scnPosition(position, ended))
  }

  async #boundaryOf(text: string, parsed: Extract<PlaceText, { kind: 'scn' | 'at' | 'timestamp' }>): Promise<Boundary> {
    if (parsed.kind === 'at') return this.#boundaryAt(text, parsed)
    if (parsed.kind === 'timestamp') return this.#boundaryBefore(parsed.ms)
    const { fileNumber, position } = parseBinlogScn(parsed.scn)
    const prefix = (await this.#latest()).file.replace(/\.\d+$/, '')
    const file = fileNameOf(prefix, fileNumber)
    if (position < POSITION_BOUND) return this.#boundaryAt(text, { file, position })
    // Beyond 4 GiB an SCN is a number of transactions.
    const counted = { file, position: undefined, ended: position - POSITION_BOUND + 1 }
    return this.#boundaryAt(text, { file, position: (await examineLog(this.#origin, counted)).position })
  }

  /** The place itself, when it stands between two transactions. */
  async #boundaryAt(text: string, wanted: BinlogPosition): Promise<Boundary> {
    const { file, position } = wanted
    const end = await this.#latest()
    let before: Boundary | undefined
    const found = await this.#scan(file, end, (boundary) => {
      if (boundary.file !== file || boundary.position >= position) return true
      before = boundary
      return false
    })
    if (found?.file === file && found.position === position) return found
    if (position === 4 && found !== undefined) return { file, position, ended: undefined, begins: undefined }
    if (found?.file !== file)
      throw new MysqlPlaceError(text, `the log ends at ${before?.file ?? file}:${before?.position ?? 4}`)
    const inside =
      before === undefined ? 'the head of its log' : `the transaction that begins at ${file}:${before.position}`
    throw new MysqlPlaceError(text, `it lies inside of ${inside} and ends at ${found.file}:${found.position}`)
  }

  /** Where the first transaction of that time or later begins; the end of the log when there is none. */
  async #boundaryBefore(ms: number): Promise<Boundary> {
    const end = await this.#latest()
    const { file = end.file } = await this.#fileWrittenAt(ms)
    let last: Boundary = { ...end, ended: undefined, begins: undefined }
    const found = await this.#scan(file, end, (boundary) => {
      last = boundary
      return (boundary.begins?.timeMs ?? -1) >= ms
    })
    return found ?? last
  }

  /** A server finds the file by halving; log files are read from their beginning. */
  async #fileWrittenAt(ms: number): Promise<ResumePoint> {
    if (this.#origin.catalogue === undefined) return this.#origin.locate({ kind: 'earliest' })
    return this.#origin.locate({ kind: 'timestamp', ms })
  }

  /** Where the last of these transactions ends. */
  async #afterGtids(text: string, gtids: string): Promise<Boundary> {
    const end = await this.#latest()
    const { file = end.file } = await this.#origin.locate({ kind: 'earliest' })
    const wanted = new Set(gtids.split(',').map(lastOfSet))
    const found = await this.#scan(file, end, ({ ended }) => {
      if (ended?.gtid !== undefined) wanted.delete(ended.gtid.toLowerCase())
      return wanted.size === 0
    })
    if (found === undefined) throw new MysqlPlaceError(text, `the log does not hold ${[...wanted].join(', ')}`)
    return found
  }

  async #latest(): Promise<ResumePoint & BinlogPosition> {
    const { file = '', position = LOG_START, ...rest } = await this.#origin.locate({ kind: 'latest' })
    return { ...rest, file, position }
  }

  #scan(file: string, end: BinlogPosition, visit: (boundary: Boundary) => boolean): Promise<Boundary | undefined> {
    const at = { scn: -1n, file, position: 4, gtid: undefined, serverIdentity: undefined, generation: 0 }
    const stream = this.#origin.stream({
      ...at,
      flavour: undefined,
      byGtid: false,
      largeLogs: NO_LARGE_LOGS,
      describesTables: false,
    })
    return scanTransactions(stream, file, end, visit)
  }

  async #asking<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    try {
      return await question()
    } finally {
      await this.#origin.release()
    }
  }
}

function placeOf({ scn, file, position, gtid }: ResumePoint): Place {
  const named = gtid === undefined || gtid === '' ? {} : { gtid }
  return file === undefined || position === undefined ? { scn, ...named } : { scn, file, position, ...named }
}

/** The SCN of a place in this generation, where its position is known. */
function scnIn(
  { file, position, ended = 0 }: Pick<ResumePoint, 'file' | 'position' | 'ended'>,
  generation: number,
): { scn?: bigint } {
  if (file === undefined || position === undefined) return {}
  return { scn: formatBinlogScn(generation, fileNumberOf(file), scnPosition(position, ended)) }
}

/** `uuid:1-5:9-42` → `uuid:42`, the transaction that came last; a MariaDB identifier is one already. */
function lastOfSet(set: string): string {
  const [uuid = '', ...intervals] = set.trim().toLowerCase().split(':')
  return intervals.length === 0 ? uuid : [uuid, (intervals.at(-1) ?? '').replace(/^.*-/, '')].join(':')
}
