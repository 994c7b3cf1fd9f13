import { type Segment } from '@aesop/buffer'
import { timestampNanosAt } from '@aesop/event'
import { type OpenHandles } from './open-handles.ts'
import { type DiskFile, type SegmentDisk } from './segment-disk.ts'
import { encodeFooter, type SegmentFooter } from './segment-footer.ts'
import { encodeHeader, HEADER_BYTES, type SegmentHeader } from './segment-header.ts'
import { nameOf } from './segment-name.ts'

/** One segment and its file. */
export class SegmentFile {
  readonly header: SegmentHeader
  readonly segment: Segment
  readonly name: string
  /** Its bytes, when the segment has left and they are not in the file yet. */
  leaving: Buffer | undefined
  /** SCN of the window that began in a file before and ends here. */
  continuedScn: bigint | undefined
  /** Whether its end is to be written, or is. */
  isFinishing = false
  isFinished = false
  /** It has left the buffer. */
  isGone = false
  isFlushWanted = false
  /** It was made since the folder was last safe from a power cut. */
  isNew = false
  /** Written since it was last safe from a power cut. */
  isUnsynced = false
  /** What the footer will say; known when the next segment is begun. */
  #footer: SegmentFooter | undefined
  #created: boolean
  #writtenEnd: number
  /** Up to where it is to be in the file by now. */
  #wantedEnd: number
  /** Up to where it is safe from a power cut; −1: not even its header is. */
  #safeEnd: number

  /** @param isThere it was left by a former process, whole */
  constructor(header: SegmentHeader, segment: Segment, isThere: boolean) {
    this.header = header
    this.segment = segment
    this.name = nameOf(header.number)
    this.#created = isThere
    this.isFinishing = isThere
    this.isFinished = isThere
    this.#writtenEnd = segment.writeEnd
    this.#wantedEnd = segment.writeEnd
    this.#safeEnd = isThere ? segment.writeEnd : -1
  }

  /** The next segment is begun. A window that is open goes on there, and is none of this one, whatever becomes of it. */
  endHere(): void {
    const { segment, continuedScn } = this
    const isOpen = segment.writeEnd > segment.visibleEnd
    const openNanos = isOpen ? timestampNanosAt(segment.bytes, segment.visibleEnd) : 0n
    this.#footer = { summary: segment.summary(), openNanos, continuedScn }
  }

  /** Writes what is visible and not in the file. May be done again. */
  async flush(disk: SegmentDisk, handles: OpenHandles): Promise<void> {
    this.isFlushWanted = false
    if (this.#isGivenUp) return
    await this.#create(disk, handles)
    await this.#write(handles, this.segment.visibleEnd)
  }

  /** Writes the rest and the footer, and makes it safe from a power cut. May be done again. */
  async finish(disk: SegmentDisk, handles: OpenHandles): Promise<void> {
    const footer = this.#footer
    if (this.#isGivenUp || footer === undefined) return
    const { writeEnd } = footer.summary
    await this.#create(disk, handles)
    await this.#write(handles, writeEnd)
    await handles.use(this.name, async (file) => {
      await file.write(encodeFooter(footer), HEADER_BYTES + writeEnd)
    })
    await this.#makeSafe(handles)
    // The next file is made behind this: one is never there while one before it is not.
    if (this.isNew) await disk.sync()
    this.isNew = false
    this.isFinished = true
  }

  async sync(disk: SegmentDisk, handles: OpenHandles): Promise<void> {
    if (!this.isUnsynced) return
    await this.#create(disk, handles)
    await this.#write(handles, this.#wantedEnd)
    await this.#makeSafe(handles)
  }

  /** What was evicted is written still: the file behind it counts on it until it is removed. */
  get #isGivenUp(): boolean {
    return this.isGone && this.segment.visibleEnd === 0
  }

  async #makeSafe(handles: OpenHandles): Promise<void> {
    try {
      await handles.use(this.name, (file) => file.sync())
    } catch (error) {
      // The system may have dropped what it could not make safe, and says nothing the next time: it is written again.
      this.#created = this.#safeEnd >= 0
      this.#writtenEnd = Math.max(0, this.#safeEnd)
      throw error
    }
    this.isUnsynced = false
    this.#safeEnd = this.#writtenEnd
  }

  async #create(disk: SegmentDisk, handles: OpenHandles): Promise<void> {
    if (this.#created) return
    const file: DiskFile = await disk.create(this.name)
    handles.add(this.name, file)
    await file.write(encodeHeader(this.header), 0)
    this.#created = true
    this.isNew = true
    this.isUnsynced = true
  }

  async #write(handles: OpenHandles, end: number): Promise<void> {
    const from = this.#writtenEnd
    const bytes = this.leaving ?? this.segment.bytes
    this.#wantedEnd = Math.max(this.#wantedEnd, end)
    if (end <= from) return
    this.isUnsynced = true
    await handles.use(this.name, (file) => file.write(bytes.subarray(from, end), HEADER_BYTES + from))
    this.#writtenEnd = end
  }
}
