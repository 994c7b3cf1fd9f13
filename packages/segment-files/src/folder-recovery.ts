import { type LeftSegments, Segment } from '@aesop/buffer'
import { type EventVersion } from '@aesop/event'
import { type FoundSegment, leftOf } from './found-segment.ts'
import { type DiskFile, type SegmentDisk } from './segment-disk.ts'
import { decodeFooter, footerBytes, type SegmentFooter, TRAILER_BYTES } from './segment-footer.ts'
import { decodeHeader, HEADER_BYTES, type SegmentHeader } from './segment-header.ts'
import { DAMAGED, numberOf, OF_OTHERS } from './segment-name.ts'
import { SegmentScan } from './segment-scan.ts'

/** Most of footers: they are read with the end of their file. */
const END_BYTES = 32 * 1024
const SCAN_BYTES = 1024 * 1024
const AT_A_TIME = 16

/** A file whose header is whole. */
interface HeadedFile {
  readonly name: string
  readonly header: SegmentHeader
  readonly footer: SegmentFooter | undefined
}

/** Files up to the newest that was begun under another configuration of the source. */
export interface FormerSegments {
  /** Their names now. */
  readonly names: readonly string[]
  /** SCN before the oldest of their windows that could be served, and of the newest one; undefined: there is none. */
  readonly scns: { readonly prevScn: bigint; readonly lastScn: bigint } | undefined
  /** Identity of their SCN space; empty: not known. */
  readonly scnSpace: string
}

/** What a folder had, for people. */
export interface Recovery {
  readonly left: LeftSegments | undefined
  /** Identity of the SCN space of what is left; empty: not known. */
  readonly scnSpace: string
  /** Of the files of what is left, by number. */
  readonly headers: ReadonlyMap<number, SegmentHeader>
  /** The number that a new file may have. */
  readonly nextNumber: number
  /** Files that were set aside, each with the reason. */
  readonly aside: ReadonlyMap<string, string>
  /** What was read under another configuration of the source, and is set aside for it; undefined: nothing was. */
  readonly former: FormerSegments | undefined
  /** Files that were removed: of windows that were given up, or that lie before a hole. */
  readonly removed: readonly string[]
}

/**
 * Takes up what a former process left in a folder. From the newest file backwards each names the one before it, and how much of it
 * was written: what is not named was given up; what is missing or damaged ends what can be served, and all before it goes.
 */
export class FolderRecovery {
  readonly #disk: SegmentDisk
  readonly #physicalPartition: number
  readonly #eventVersion: EventVersion
  readonly #configuration: string | undefined
  readonly #aside = new Map<string, string>()
  readonly #removed: string[] = []

  /** @param configuration mark of the configuration of the source now; left out: files of all of them are one */
  constructor(disk: SegmentDisk, physicalPartition: number, eventVersion: EventVersion, configuration?: string) {
    this.#configuration = configuration
    this.#disk = disk
    this.#physicalPartition = physicalPartition
    this.#eventVersion = eventVersion
  }

  async run(): Promise<Recovery> {
    const all = (await this.#disk.list()).sort()
    const names = all.filter((name) => numberOf(name) !== undefined)
    // Numbers of files that were set aside are not given again: another one of the same number may be.
    const nextNumber =
      1 + Math.max(-1, ...all.map((name) => numberOf(name.replace(/\.[a-z]+$/, '')) ?? numberOf(name) ?? -1))
    const files = new Map<number, HeadedFile>()
    for (let at = 0; at < names.length; at += AT_A_TIME) {
      const group = names.slice(at, at + AT_A_TIME)
      for (const file of await Promise.all(group.map((name) => this.#look(name, name === names.at(-1))))) {
        if (file !== undefined) files.set(file.header.number, file)
      }
    }
    const former = await this.#setFormerAside(files)
    const rest = new Map(files)
    let chain: FoundSegment[]
    let left: LeftSegments | undefined
    // Files of a window that was given up, or not closed, may have lost those between: behind them nothing is missing.
    do {
      chain = await this.#chain(rest)
      left = leftOf(chain)
      for (const { header } of chain) rest.delete(header.number)
    } while (left === undefined && rest.size > 0)
    const kept = new Set(left?.segments.map(({ number }) => number))
    const scnSpace = chain.at(-1)?.header.scnSpace ?? ''
    for (const [number, { name, header }] of files) {
      if (kept.has(number) || this.#aside.has(name + DAMAGED)) continue
      if (header.scnSpace === scnSpace) await this.#remove(name)
      else await this.#setAside(name, `its SCN space is ${header.scnSpace}, expected ${scnSpace}`, OF_OTHERS)
    }
    await this.#disk.sync()
    const headers = new Map(chain.map(({ header }) => [header.number, header]))
    return { left, scnSpace, headers, nextNumber, aside: this.#aside, former, removed: this.#removed }
  }

  /** @returns undefined: it is none of ours, or damaged, and was taken away */
  async #look(name: string, isNewest: boolean): Promise<HeadedFile | undefined> {
    const file = await this.#disk.open(name)
    try {
      const header = decodeHeader(await file.read(HEADER_BYTES, 0))
      if (typeof header === 'string') {
        // A process that was killed while it made a file leaves less than a header.
        if (isNewest && (await file.size()) < HEADER_BYTES) await this.#remove(name)
        else await this.#setAside(name, header)
        return undefined
      }
      if (header.physicalPartition !== this.#physicalPartition) {
        const fault = `it is of physical source ${header.physicalPartition}, expected ${this.#physicalPartition}`
        await this.#setAside(name, fault, OF_OTHERS)
        return undefined
      }
      if (header.eventVersion !== this.#eventVersion) {
        const fault = `its events are of version ${header.eventVersion}, expected ${this.#eventVersion}`
        await this.#setAside(name, fault, OF_OTHERS)
        return undefined
      }
      if (header.number !== numberOf(name)) {
        await this.#setAside(name, `it is number ${header.number}`)
        return undefined
      }
      return { name, header, footer: await footerOf(file, header) }
    } finally {
      await file.close()
    }
  }

  /** Takes out what must not be served on: a file of another configuration, and all before it, whatever that is. */
  async #setFormerAside(files: Map<number, HeadedFile>): Promise<FormerSegments | undefined> {
    const isOther = ({ header: { configuration } }: HeadedFile): boolean =>
      this.#configuration !== undefined && configuration !== undefined && configuration !== this.#configuration
    const newestNumber = Math.max(-1, ...[...files].flatMap(([number, file]) => (isOther(file) ? [number] : [])))
    const former = new Map([...files].filter(([number]) => number <= newestNumber))
    if (former.size === 0) return undefined
    for (const number of former.keys()) files.delete(number)
    const chain = await this.#chain(former)
    const left = leftOf(chain)
    const names: string[] = []
    // One that was found to be damaged has been set aside for that.
    for (const { name } of former.values()) {
      await this.#disk.rename(name, name + OF_OTHERS)
      names.push(name + OF_OTHERS)
    }
    const last = left?.segments.findLast(({ firstWindowOffset }) => firstWindowOffset >= 0)
    const scns = left && last && { prevScn: left.prevScn, lastScn: last.lastWindowScn }
    return { names, scns, scnSpace: chain.at(-1)?.header.scnSpace ?? '' }
  }

  /** The newest file, and those before it, oldest first. One that is damaged is taken out. */
  async #chain(files: Map<number, HeadedFile>): Promise<FoundSegment[]> {
    const chain: FoundSegment[] = []
    let file = [...files.values()].reduce<HeadedFile | undefined>(newer, undefined)
    for (let end: number | undefined; file !== undefined;) {
      const found = await this.#find(file, end)
      if (found === undefined) {
        files.delete(file.header.number)
        break
      }
      chain.unshift(found)
      const { previousNumber, previousEnd, scnSpace } = file.header
      const previous: HeadedFile | undefined = files.get(previousNumber)
      if (previous !== undefined && previous.header.scnSpace !== scnSpace) break
      file = previous
      end = previousEnd
    }
    return chain
  }

  /** @param end where its events have to end; undefined: of the newest file, which may be torn */
  async #find({ name, header, footer }: HeadedFile, end: number | undefined): Promise<FoundSegment | undefined> {
    if (footer !== undefined && (end === undefined || footer.summary.writeEnd === end)) {
      return { header, segment: Segment.of(footer.summary), ...footer }
    }
    const file = await this.#disk.open(name)
    try {
      const scan = await scanned(file, header, end)
      if (end === undefined || scan.end === end) return scan.found()
      await this.#setAside(name, `it has whole events up to byte ${scan.end}, expected ${end} bytes of them`)
      return undefined
    } finally {
      await file.close()
    }
  }

  async #setAside(name: string, why: string, suffix = DAMAGED): Promise<void> {
    await this.#disk.rename(name, name + suffix)
    this.#aside.set(name + suffix, why)
  }

  async #remove(name: string): Promise<void> {
    await this.#disk.remove(name)
    this.#removed.push(name)
  }
}

function newer(one: HeadedFile | undefined, other: HeadedFile): HeadedFile {
  return one !== undefined && one.header.number > other.header.number ? one : other
}

async function footerOf(file: DiskFile, header: SegmentHeader): Promise<SegmentFooter | undefined> {
  const size = await file.size()
  const from = Math.max(HEADER_BYTES, size - END_BYTES)
  let end = await file.read(size - from, from)
  const length = footerBytes(end.subarray(-TRAILER_BYTES))
  if (length === undefined || length > size - HEADER_BYTES) return undefined
  if (length > end.length) end = await file.read(length, size - length)
  const footer = decodeFooter(end.subarray(-length), header.number, header.capacityBytes)
  return footer?.summary.writeEnd === size - length - HEADER_BYTES ? footer : undefined
}

/** @param end up to where it is looked at */
async function scanned(file: DiskFile, header: SegmentHeader, end = header.capacityBytes): Promise<SegmentScan> {
  const scan = new SegmentScan(header)
  let wanted = SCAN_BYTES
  while (wanted > 0 && scan.end < end) {
    const from = scan.end
    const asked = Math.min(Math.max(wanted, SCAN_BYTES), end - from)
    const bytes = await file.read(asked, HEADER_BYTES + from)
    wanted = scan.feed(bytes)
    // Neither was an event seen, nor would more bytes show one.
    if (scan.end === from && (bytes.length < asked || asked === end - from)) break
  }
  return scan
}
