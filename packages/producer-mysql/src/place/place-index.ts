import { fileNumberOf, formatBinlogScn, parseBinlogScn } from '../log/binlog-scn.ts'
import { type BinlogPosition } from '../log/binlog-stream.ts'
import { LateConfigurationError, LateGenerationError } from '../error/late-errors.ts'
import { type PlaceIndexFile } from './place-index-file.ts'
import { type ResumePoint, toMaxScn } from './resume-point.ts'
import { fromMaxScn } from './stored-point.ts'

/** How far two places of one log file are apart. */
export const PLACE_EVERY_BYTES = 64 * 1024 * 1024
const PLACES_MAX = 20_000
const LOG_START = 4

/** A place where reading can begin. */
export interface MarkedPlace {
  /** The windows behind it have SCNs above its own, but for those of XA transactions that waited there: they come again. */
  readonly point: ResumePoint
  /** Hash of the configuration under which the source was read from there on. */
  readonly configuration: string
  /** Set where the live reading was never there: it lies before the place where that began. */
  readonly isBefore?: true
}

/** Where a late reading begins. */
export type LatePlace =
  | { readonly kind: 'found'; readonly place: MarkedPlace }
  /** What is there comes after `prevScn`; undefined: nothing is. */
  | {
      readonly kind: 'gone'
      readonly prevScn: bigint | undefined
      readonly fault?: LateConfigurationError | LateGenerationError
    }

/** What is so now. */
export interface ReadNow {
  /** Name of the physical source. */
  readonly source: string
  readonly generation: number
  readonly configuration: string
}

/** Places of a log, sparse, on disk: where reading can begin again for those who are late. See DESIGN.md. */
export class PlaceIndex {
  readonly #file: PlaceIndexFile | undefined
  #places: MarkedPlace[]
  #lastFile = ''
  #lastFileNumber = -1
  #duePosition = 0

  /** @param file undefined: nothing is kept @param isNew what is there belongs to a source of this name that was given up */
  constructor(file: PlaceIndexFile | undefined, isNew: boolean) {
    this.#file = file
    this.#places = isNew ? [] : (file?.load() ?? []).flatMap(placeIn)
    if (isNew) file?.replace([])
    this.#noteLast()
  }

  get places(): readonly MarkedPlace[] {
    return this.#places
  }

  /** The log of this generation is read from now on; files of another one say nothing of what is due. */
  opened(generation: number): void {
    if (this.#places.at(-1)?.point.generation === generation) return
    this.#lastFile = ''
    this.#lastFileNumber = -1
    this.#duePosition = 0
  }

  /** Whether a place is worth to be kept: in a new log file, or far enough behind the last one. Asked for each window. */
  isDue({ file, position }: BinlogPosition): boolean {
    if (file === this.#lastFile) return position >= this.#duePosition
    return fileNumberOf(file) > this.#lastFileNumber
  }

  /** Where a source begins, or has come to where it was due. */
  note(point: ResumePoint, configuration: string): void {
    const last = this.#places.at(-1)
    const isOther = last?.configuration !== configuration
    // Found by GTID, it has no coordinates yet.
    if (point.file === undefined) return
    if (last !== undefined && !isOther && point.scn <= last.point.scn && !isLaterFile(point, last.point)) return
    const place = { point, configuration }
    const isNext = last === undefined || (point.scn >= last.point.scn && point.generation === last.point.generation)
    if (isNext && this.#places.length < PLACES_MAX) {
      this.#places.push(place)
      this.#file?.append(recordOf(place), isOther)
    } else this.#replace([...this.#before(point), place])
    this.#noteLast()
  }

  /** A beginning of a log before all that was read live: from there those are served who begin in the past. */
  noteBefore(point: ResumePoint, configuration: string): void {
    const isOwn = ({ point: { generation } }: MarkedPlace): boolean => generation === point.generation
    const behind = this.#places.findIndex((place) => isOwn(place) && place.point.scn > point.scn)
    const at = behind < 0 ? this.#places.length : behind
    const [before, next] = [this.#places.slice(0, at), this.#places[at]]
    const last = before.findLast(isOwn)
    // The live reading keeps places as dense as they are worth; what it read under another configuration is not made anew.
    if (last !== undefined && (last.isBefore !== true || last.point.scn === point.scn)) return
    if (next !== undefined && next.configuration !== configuration) return
    this.#replace([...before, { point, configuration, isBefore: true }, ...this.#places.slice(at)])
    this.#noteLast()
  }

  /** What stays before a place: what was read behind it is read again, and what is of another generation can't be. */
  #before({ scn, generation }: ResumePoint): MarkedPlace[] {
    const before = this.#places.filter(({ point }) => point.scn <= scn && point.generation === generation)
    return before.length < PLACES_MAX ? before : before.slice(PLACES_MAX / 2)
  }

  #replace(places: MarkedPlace[]): void {
    this.#places = places
    this.#file?.replace(places.map(recordOf))
  }

  /** Forgets the places of logs that are not there any more. Where the last of them was before all that was read live, the rest of that begins with this log. */
  dropBefore(oldestLog: string): void {
    const oldest = fileNumberOf(oldestLog)
    const left = this.#places.filter(({ point }) => point.file !== undefined && fileNumberOf(point.file) >= oldest)
    if (left.length === this.#places.length) return
    const [next] = left
    const last = (next === undefined ? this.#places : this.#places.slice(0, this.#places.indexOf(next))).at(-1)
    this.#replace(left)
    this.#noteLast()
    if (last?.isBefore !== true || (next !== undefined && last.point.generation !== next.point.generation)) return
    const scn = formatBinlogScn(last.point.generation, oldest, LOG_START)
    this.noteBefore({ ...last.point, scn, file: oldestLog, position: LOG_START }, last.configuration)
  }

  /** The newest place before which all windows up to this SCN lie, or at it; none of another configuration lies behind it. */
  find(scn: bigint, now: ReadNow): LatePlace {
    const own = this.#places.filter(({ point }) => point.generation === now.generation)
    const usable = own.slice(own.findLastIndex(({ configuration }) => configuration !== now.configuration) + 1)
    const place = usable.findLast(({ point }) => point.scn <= scn)
    if (place !== undefined) return { kind: 'found', place }
    const prevScn = usable[0]?.point.scn
    const { generation } = parseBinlogScn(scn)
    const { source } = now
    if (generation !== now.generation)
      return { kind: 'gone', prevScn, fault: new LateGenerationError(source, scn, generation, now.generation) }
    if (prevScn !== undefined && own.some(({ point }) => point.scn <= scn))
      return { kind: 'gone', prevScn, fault: new LateConfigurationError(source, scn, prevScn) }
    return { kind: 'gone', prevScn }
  }

  #noteLast(): void {
    const { file, position = 0 } = this.#places.at(-1)?.point ?? {}
    this.#lastFile = file ?? ''
    this.#lastFileNumber = file === undefined ? -1 : fileNumberOf(file)
    this.#duePosition = position + PLACE_EVERY_BYTES
  }
}

/** The beginning of a log comes without a window: it has the SCN of the place before it. */
function isLaterFile(point: ResumePoint, last: ResumePoint): boolean {
  if (point.file === undefined || last.file === undefined || point.scn < last.scn) return false
  return fileNumberOf(point.file) > fileNumberOf(last.file)
}

function recordOf({ point, configuration, isBefore }: MarkedPlace): object {
  const { scn, position } = toMaxScn(point, 0)
  return { scn, configuration, position, ...(isBefore === undefined ? {} : { isBefore }) }
}

/** A record that can't be read is of another version: its place is not there. */
function placeIn(value: unknown): MarkedPlace[] {
  const { scn, configuration, position, isBefore } = value as Partial<Record<string, unknown>>
  if ((typeof scn !== 'bigint' && typeof scn !== 'number') || typeof configuration !== 'string') return []
  try {
    const point = fromMaxScn({ scn: BigInt(scn), savedAtMs: 0, position })
    return [{ point, configuration, ...(isBefore === true ? { isBefore } : {}) }]
  } catch {
    return []
  }
}
