import { type BufferReader, EventBuffer } from '@aesop/buffer'
import { type EventVersion } from '@aesop/event'
import { FolderRecovery } from './folder-recovery.ts'
import { FoundSegments } from './found-segments.ts'
import { type SegmentDisk } from './segment-disk.ts'
import { numberOf } from './segment-name.ts'

/** What a folder of segments has at one moment: whole windows without a hole. */
export interface LogView {
  /** Identity of the SCN space of its windows; undefined: not known. */
  readonly scnSpace: string | undefined
  /** SCN before the oldest window. */
  readonly prevScn: bigint
  /** SCN of the newest one. */
  readonly lastScn: bigint
  /** Number of the file that has its end. */
  readonly lastNumber: number
  /** Why windows before `prevScn` are not among them, where that is damage, for people. */
  readonly damage: string | undefined
  /** Reads them, and nothing that came later. Each event proves its checksums. */
  openReader(): BufferReader
  close(): Promise<void>
}

/** What a folder has for nobody: why its files are not read, by name. */
export interface NothingLogged {
  readonly aside: ReadonlyMap<string, string>
}

/**
 * Reads the segments of a folder, whoever writes them meanwhile: nothing is changed there, and no lock is taken. A folder is
 * looked at as by the next process that would write it (SPEC.md), so what is read is whole however the last one ended.
 */
export class SegmentLog {
  readonly #disk: SegmentDisk
  readonly #physicalPartition: number
  readonly #eventVersion: EventVersion
  /** Number of the newest file, and its size, by name. */
  #seen = ''

  constructor(disk: SegmentDisk, physicalPartition: number, eventVersion: EventVersion = 1) {
    this.#disk = disk
    this.#physicalPartition = physicalPartition
    this.#eventVersion = eventVersion
  }

  /** Whether files came or grew since `look` was asked the last time: cheap. */
  async hasChanged(): Promise<boolean> {
    return (await this.#newest()) !== this.#seen
  }

  /** @param fromNumber files with lower numbers are not looked at @throws the system's error: also when a file left meanwhile */
  async look(fromNumber = 0): Promise<LogView | NothingLogged> {
    this.#seen = await this.#newest()
    const disk = readOnly(this.#disk, fromNumber)
    const { left, scnSpace, aside } = await new FolderRecovery(disk, this.#physicalPartition, this.#eventVersion).run()
    if (left === undefined) return { aside }
    const store = new FoundSegments(disk, left)
    const buffer = new EventBuffer({
      maxBytes: 1,
      physicalPartition: this.#physicalPartition,
      eventVersion: this.#eventVersion,
      store,
    })
    await buffer.open()
    return {
      scnSpace: scnSpace || undefined,
      prevScn: buffer.prevScn,
      lastScn: buffer.lastScn,
      lastNumber: left.segments.at(-1)?.number ?? fromNumber,
      get damage() {
        return store.damage ?? [...aside].map(([name, why]) => `${name}: ${why}`).at(-1)
      },
      openReader: () => buffer.openReader(),
      close: () => store.close(),
    }
  }

  async #newest(): Promise<string> {
    const names = (await this.#disk.list()).filter((name) => numberOf(name) !== undefined).sort()
    const newest = names.at(-1)
    if (newest === undefined) return ''
    const file = await this.#disk.open(newest, 'read')
    try {
      return `${newest} ${await file.size()}`
    } finally {
      await file.close()
    }
  }
}

/** The same folder without its older files, in which nothing can be changed. */
function readOnly(disk: SegmentDisk, fromNumber: number): SegmentDisk {
  const unchanged = (): Promise<void> => Promise.resolve()
  return {
    folder: disk.folder,
    take: (what) => disk.take(what),
    list: async () => (await disk.list()).filter((name) => (numberOf(name) ?? -1) >= fromNumber),
    create: (name) => disk.open(name, 'read'),
    open: (name) => disk.open(name, 'read'),
    rename: unchanged,
    remove: unchanged,
    sync: unchanged,
  }
}
