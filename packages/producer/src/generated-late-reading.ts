import { scnAt, sealEvent } from '@aesop/event'
import { type LateReading, type ReadStep, type SeekStep, type WindowChunk, type WindowReader } from '@aesop/reading'
import { ScnGeneratorOneWayError } from './errors.ts'
import { type ScnMapping } from './scn-mapping.ts'

const SCN_MAX = 0x7fffffffffffffffn

/** Late reading of a log, under the SCNs that are made of its own: events are sealed anew. */
export class GeneratedLateReading implements LateReading {
  readonly #late: LateReading
  readonly #source: string
  readonly #mapping: ScnMapping

  constructor(late: LateReading, source: string, mapping: ScnMapping) {
    this.#late = late
    this.#source = source
    this.#mapping = mapping
  }

  readFrom(scn: bigint): WindowReader {
    const mapping = this.#mapping
    if (!mapping.goesBack) return new RefusedReader(scn, this.#source)
    return new GeneratedReader(this.#late.readFrom(mapping.wayBack(scn)), mapping)
  }

  subscribe(listener: () => void): () => void {
    return this.#late.subscribe(listener)
  }
}

/** What is gone stays gone, and it is said why. */
class RefusedReader implements WindowReader {
  readonly scn: bigint
  readonly atWindowEnd = true
  readonly #gone: SeekStep & ReadStep

  constructor(scn: bigint, source: string) {
    this.scn = scn
    this.#gone = { kind: 'gone', prevScn: SCN_MAX, reason: new ScnGeneratorOneWayError(source, scn).message }
  }

  seek(): SeekStep {
    return this.#gone
  }

  seekLatest(): SeekStep {
    return this.#gone
  }

  next(): ReadStep {
    return this.#gone
  }

  close(): void {
    // Nothing is held.
  }
}

class GeneratedReader implements WindowReader {
  readonly #reader: WindowReader
  readonly #mapping: ScnMapping

  constructor(reader: WindowReader, mapping: ScnMapping) {
    this.#reader = reader
    this.#mapping = mapping
  }

  get scn(): bigint {
    return this.#mapping.scnOf(this.#reader.scn)
  }
  get atWindowEnd(): boolean {
    return this.#reader.atWindowEnd
  }

  seek(scn: bigint, windowOffset: number): SeekStep | Promise<SeekStep> {
    const step = this.#reader.seek(this.#mapping.wayBack(scn), windowOffset)
    return step instanceof Promise ? step.then((found) => this.#place(found)) : this.#place(step)
  }

  seekLatest(): SeekStep | Promise<SeekStep> {
    const step = this.#reader.seekLatest()
    return step instanceof Promise ? step.then((found) => this.#place(found)) : this.#place(step)
  }

  next(maxBytes: number, toWindowEnd?: boolean): ReadStep | Promise<ReadStep> {
    const step = this.#reader.next(maxBytes, toWindowEnd)
    return step instanceof Promise ? step.then((read) => this.#read(read)) : this.#read(step)
  }

  close(): void {
    this.#reader.close()
  }

  #place(step: SeekStep): SeekStep {
    if (step.kind === 'gone') return { ...step, prevScn: this.#mapping.scnOf(step.prevScn) }
    return step.kind === 'future' ? { ...step, lastScn: this.#mapping.scnOf(step.lastScn) } : step
  }

  #read(step: ReadStep): ReadStep {
    switch (step.kind) {
      case 'chunk':
        return this.#sealed(step)
      case 'overrun':
        return { ...step, scn: this.#mapping.scnOf(step.scn) }
      case 'gone':
      case 'future':
        return this.#place(step) as ReadStep
      default:
        return step
    }
  }

  /** A copy: what is behind the chunk has other readers. */
  #sealed(chunk: WindowChunk): WindowChunk {
    const bytes = Buffer.from(chunk.bytes)
    const { endsWindow } = chunk
    let [sourceScn, scn, high, low] = [-1n, -1n, 0, 0]
    for (let at = 0; at < bytes.length; at = sealEvent(bytes, at, high, low)) {
      const its = scnAt(bytes, at)
      if (its === sourceScn) continue
      sourceScn = its
      scn = this.#mapping.scnOf(its)
      high = Number(scn >> 32n)
      low = Number(BigInt.asIntN(32, scn))
    }
    chunk.release()
    return { kind: 'chunk', bytes, scn, endsWindow, onOverrun: undefined, release: () => undefined }
  }
}
