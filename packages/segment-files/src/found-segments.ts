import { type LeftSegments, type Segment, SegmentDamagedError, type SegmentStore } from '@aesop/buffer'
import { InvariantError } from '@aesop/kernel'
import { join } from 'node:path'
import { OpenHandles } from './open-handles.ts'
import { PieceMemory } from './piece-memory.ts'
import { readSegment } from './read-segment.ts'
import { type SegmentDisk } from './segment-disk.ts'
import { nameOf } from './segment-name.ts'

const OPEN_FILES_MAX = 8

/** Segments that were found in a folder, to be read: nothing is written there, and nothing is taken away. */
export class FoundSegments implements SegmentStore {
  readonly segmentBytes = 0
  readonly spills = true
  readonly #disk: SegmentDisk
  readonly #handles: OpenHandles
  readonly #memory = new PieceMemory()
  readonly #left: LeftSegments
  #damage: string | undefined

  constructor(disk: SegmentDisk, left: LeftSegments) {
    this.#disk = disk
    this.#left = left
    this.#handles = new OpenHandles(disk, OPEN_FILES_MAX)
  }

  /** What was found damaged when it was read, for people. */
  get damage(): string | undefined {
    return this.#damage
  }

  open(): LeftSegments {
    return this.#left
  }

  take(): Segment {
    throw new InvariantError('what was found in a folder is not written to')
  }

  read(segment: Segment, from: number, to: number): Promise<Buffer> {
    if (segment.number < 0)
      return Promise.reject(new SegmentDamagedError(this.#disk.folder, 'it was found to be damaged before'))
    const name = nameOf(segment.number)
    const readable = { handles: this.#handles, name, path: join(this.#disk.folder, name), memory: this.#memory }
    return readSegment(readable, from, to)
  }

  takeBack(bytes: Buffer): void {
    this.#memory.giveBack(bytes)
  }

  setAside(_segment: Segment, why: Error): void {
    this.#damage = why.message
  }

  windowClosed(): void {
    // Nothing is written.
  }

  giveBack(): void {
    // What is read stays where it is.
  }

  released(): void {
    // Nothing of it is in memory.
  }

  whenRoom(): undefined {
    return undefined
  }

  whenDurable(): undefined {
    return undefined
  }

  close(): Promise<void> {
    return this.#handles.closeAll()
  }
}
