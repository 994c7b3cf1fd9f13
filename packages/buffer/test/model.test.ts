import { BufferChunk, checkBuffer, EventBuffer, WindowTooLargeError } from '@aesop/buffer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { appendOf, drain, filler, linesOf, type SimpleEvent } from './support/windows.ts'

/** What the buffer must do, as an array of windows. */
interface Model {
  windows: { scn: bigint; lines: string[] }[]
  lastScn: bigint
}
interface Real {
  buffer: EventBuffer
  held: { chunk: BufferChunk; lines: string[] }[]
}

const events = fc.array(
  fc.record({
    key: fc.oneof(fc.integer(), fc.string({ maxLength: 12 })),
    valueBytes: fc.integer({ min: 0, max: 700 }),
  }),
  { maxLength: 14 },
)

function lines(scn: bigint, window: readonly SimpleEvent[]): string[] {
  return [...window.map((event) => `${scn}:${String(event.key)}`), `${scn}:end`]
}

class AddWindow implements fc.Command<Model, Real> {
  readonly window: readonly SimpleEvent[]
  readonly gap: number
  readonly abandon: boolean
  constructor(window: readonly SimpleEvent[], gap: number, abandon: boolean) {
    this.window = window
    this.gap = gap
    this.abandon = abandon
  }
  check = () => true
  run(model: Model, { buffer }: Real): void {
    const scn = model.lastScn + BigInt(this.gap)
    const visible = buffer.lastScn
    buffer.beginWindow()
    try {
      for (const event of this.window) {
        buffer.append(appendOf(event), filler(event.valueBytes))
        expect(buffer.lastScn).toBe(visible)
        checkBuffer(buffer)
      }
      if (this.abandon) buffer.rollbackWindow()
      else buffer.endWindow(scn)
    } catch (error) {
      expect(error).toBeInstanceOf(WindowTooLargeError)
      buffer.rollbackWindow()
      checkBuffer(buffer)
      return
    }
    checkBuffer(buffer)
    if (this.abandon) return
    model.windows.push({ scn, lines: lines(scn, this.window) })
    model.lastScn = scn
  }
  toString = () => `${this.abandon ? 'abandon' : 'add'}(+${this.gap}, ${JSON.stringify(this.window)})`
}

class ReadFrom implements fc.Command<Model, Real> {
  readonly back: number
  readonly offset: number
  readonly maxBytes: number
  constructor(back: number, offset: number, maxBytes: number) {
    this.back = back
    this.offset = offset
    this.maxBytes = maxBytes
  }
  check = () => true
  run(model: Model, { buffer }: Real): void {
    const scn = model.lastScn - BigInt(this.back)
    if (scn < 0n) return
    const seek = buffer.seek(scn, this.offset)
    const window = model.windows.find((candidate) => candidate.scn === scn)
    const later = model.windows.filter((candidate) => candidate.scn > scn).flatMap((candidate) => candidate.lines)
    if (scn < buffer.prevScn) {
      expect(seek.kind).toBe('gone')
      return
    }
    if (scn === buffer.prevScn && this.offset >= 0 && seek.kind === 'gone') return
    if (seek.kind !== 'found') throw new Error(`expected found, got ${seek.kind}`)
    const partly = this.offset < 0 || window === undefined ? [] : window.lines.slice(this.offset)
    expect(drain(seek.cursor, this.maxBytes)).toEqual([...partly, ...later])
  }
  toString = () => `read(-${this.back}, ${this.offset}, ${this.maxBytes})`
}

class Hold implements fc.Command<Model, Real> {
  check = () => true
  run(_model: Model, { buffer, held }: Real): void {
    const step = buffer.read(-1n, -1, 3000)
    if (step instanceof BufferChunk) held.push({ chunk: step, lines: linesOf(step.bytes) })
  }
  toString = () => 'hold'
}

class Release implements fc.Command<Model, Real> {
  check = () => true
  run(_model: Model, { buffer, held }: Real): void {
    const first = held.shift()
    if (first === undefined) return
    expect(linesOf(first.chunk.bytes)).toEqual(first.lines)
    first.chunk.release()
    checkBuffer(buffer)
  }
  toString = () => 'release'
}

test('the buffer behaves like an array of windows that loses the oldest ones', () => {
  const commands = fc.commands(
    [
      fc
        .tuple(events, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 9 }))
        .map(([window, gap, n]) => new AddWindow(window, gap, n === 0)),
      fc
        .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: -1, max: 6 }), fc.integer({ min: 800, max: 5000 }))
        .map(([back, offset, maxBytes]) => new ReadFrom(back, offset, maxBytes)),
      fc.constant(new Hold()),
      fc.constant(new Release()),
    ],
    { maxCommands: 60 },
  )
  fc.assert(
    fc.property(commands, fc.constantFrom(600, 1100, 2048), (all, segmentBytes) => {
      const buffer = new EventBuffer({ maxBytes: 8192, physicalPartition: 1, segmentBytes })
      buffer.start(100n)
      fc.modelRun(() => ({ model: { windows: [], lastScn: 100n }, real: { buffer, held: [] } }), all)
    }),
    { seed: 20_260, numRuns: 300 },
  )
})
