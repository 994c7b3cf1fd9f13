import { EventBuffer } from '@aesop/buffer'
import { FileSegments, type FileSegmentsOptions, type SegmentDisk } from '@aesop/segment-files'
import { addWindow, appendOf, drained, filler } from './windows.ts'
import { silentLogger } from '@aesop/kernel'

export const SEGMENT_BYTES = 512
export const FIRST_SCN = 100n

/** A window as the source has it: the same each time that it is read. */
export interface SourceWindow {
  readonly scn: bigint
  readonly keys: readonly number[]
  /** Given up and written anew before it was closed: nothing, all of it, or what came after its first events. */
  readonly attempt?: 'rollback' | 'mark'
}

export interface Opened {
  readonly buffer: EventBuffer
  readonly store: FileSegments
  /** SCN of the newest window that was left. */
  readonly leftScn: bigint | undefined
}

export async function opened(
  disk: SegmentDisk,
  more: Partial<FileSegmentsOptions> & { maxBytes?: number } = {},
): Promise<Opened> {
  const { maxBytes = 1 << 20, ...options } = more
  const store = new FileSegments({
    disk,
    physicalPartition: 1,
    segmentBytes: SEGMENT_BYTES,
    residentBytes: 2 * SEGMENT_BYTES,
    retryMs: 1,
    log: silentLogger,
    ...options,
  })
  const { eventVersion = 1 } = options
  const buffer = new EventBuffer({ maxBytes, physicalPartition: 1, eventVersion, store })
  return { buffer, store, leftScn: await buffer.open() }
}

/** The same, going on after an SCN. */
export async function started(
  disk: SegmentDisk,
  scn = FIRST_SCN,
  more: Partial<FileSegmentsOptions> & { maxBytes?: number } = {},
): Promise<Opened> {
  const all = await opened(disk, more)
  all.store.begin('test-space')
  all.buffer.start(scn)
  return all
}

export function write(buffer: EventBuffer, { scn, keys, attempt }: SourceWindow): void {
  const append = (key: number): void => {
    buffer.append(appendOf({ key, valueBytes: 39 }), filler(39))
  }
  if (attempt === undefined) {
    addWindow(
      buffer,
      scn,
      keys.map((key) => ({ key, valueBytes: 39 })),
    )
    return
  }
  buffer.beginWindow()
  if (attempt === 'rollback') {
    for (const key of keys) append(key + 500)
    buffer.rollbackWindow()
    buffer.beginWindow()
    for (const key of keys) append(key)
  } else {
    const [first = 0, ...others] = keys
    append(first)
    const goBack = buffer.mark()
    for (const key of keys) append(key + 500)
    goBack()
    for (const key of others) append(key)
  }
  buffer.endWindow(scn)
}

export function linesOfWindows(windows: readonly SourceWindow[]): string[] {
  return windows.flatMap(({ scn, keys, attempt }) => [
    ...(attempt === 'mark' && keys.length === 0 ? [0] : keys).map((key) => `${scn}:${key}`),
    `${scn}:end`,
  ])
}

/** Everything after an SCN; each event proves its checksums. */
export async function read(buffer: EventBuffer, scn: bigint, maxBytes = 700): Promise<string[]> {
  const reader = buffer.openReader()
  const place = await reader.seek(scn, -1)
  if (place.kind !== 'found') throw new Error(`the place after ${scn} is ${place.kind}`)
  return drained(reader, maxBytes)
}

/** Windows with a few events, and some with many. */
export function someWindows(count: number, from = FIRST_SCN): SourceWindow[] {
  return Array.from({ length: count }, (_, at) => ({
    scn: from + BigInt(at) + 1n,
    keys: Array.from({ length: at % 5 === 3 ? 14 : at % 4 }, (__, key) => key),
  }))
}
