import { BufferChunk, type BufferCursor, checkBuffer, EventBuffer, WindowTooLargeError } from '@aesop/buffer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { appendOf, drain, filler, linesOf, type SimpleEvent } from '../../../test/support/windows.ts'
import { assertProperty } from '../../../test/support/property.ts'

/** What the buffer must do, as an array of windows; which of them it still has, it says itself by `prevScn`. */
interface Model {
  windows: { scn: bigint; lines: string[] }[]
  lastScn: bigint
  /** After which SCN windows are needed; undefined: none is. */
  neededAfterScn: bigint | undefined
}
interface Real {
  buffer: EventBuffer
  held: { chunk: BufferChunk; lines: string[] }[]
  reader: LiveReader
}

/** How often the runs came to what they are about: a run that meets only refusals proves nothing. */
const reached = {
  found: 0,
  inside: 0,
  insideLaterSegment: 0,
  tail: 0,
  gone: 0,
  future: 0,
  abandoned: 0,
  tooLarge: 0,
  evicted: 0,
  heldWhileEvicted: 0,
  readOn: 0,
  overrunBetween: 0,
  overrunInside: 0,
  waited: 0,
  keptByNeed: 0,
  wentOn: 0,
}

const SEED = 20_260
const FIRST_SCN = 100n

function lines(scn: bigint, window: readonly SimpleEvent[]): string[] {
  return [...window.map((event) => `${scn}:${String(event.key)}`), `${scn}:end`]
}

function linesAfter(model: Model, scn: bigint): string[] {
  return model.windows.filter((window) => window.scn > scn).flatMap((window) => window.lines)
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
  run(model: Model, { buffer, held }: Real): void {
    const { prevScn } = buffer
    if (buffer.whenWritable() !== undefined) {
      expect(model.neededAfterScn).toBeLessThan(model.lastScn)
      reached.waited++
      return
    }
    const scn = model.lastScn + BigInt(this.gap)
    if (this.#write(buffer, scn)) {
      model.windows.push({ scn, lines: lines(scn, this.window) })
      model.lastScn = scn
    }
    checkBuffer(buffer)
    expect(buffer.lastScn).toBe(model.lastScn)
    if (buffer.prevScn === prevScn) return
    if (model.neededAfterScn !== undefined) {
      expect(buffer.prevScn).toBeLessThanOrEqual(model.neededAfterScn)
      reached.keptByNeed++
    }
    reached.evicted++
    if (held.length > 0) reached.heldWhileEvicted++
  }
  #write(buffer: EventBuffer, scn: bigint): boolean {
    const visible = buffer.lastScn
    buffer.beginWindow()
    try {
      for (const event of this.window) {
        buffer.append(appendOf(event), filler(event.valueBytes))
        expect(buffer.lastScn).toBe(visible)
      }
      checkBuffer(buffer)
      if (!this.abandon) buffer.endWindow(scn)
    } catch (error) {
      expect(error).toBeInstanceOf(WindowTooLargeError)
      reached.tooLarge++
      buffer.rollbackWindow()
      return false
    }
    if (!this.abandon) return true
    buffer.rollbackWindow()
    reached.abandoned++
    return false
  }
  toString = () => `${this.abandon ? 'abandon' : 'add'}(+${this.gap}, ${JSON.stringify(this.window)})`
}

/** A reader that keeps no cursor: it names an SCN between one before the oldest window and one after the newest. */
class ReadFrom implements fc.Command<Model, Real> {
  readonly place: number
  readonly offset: number
  readonly maxBytes: number
  constructor(place: number, offset: number, maxBytes: number) {
    this.place = place
    this.offset = offset
    this.maxBytes = maxBytes
  }
  check = () => true
  run(model: Model, { buffer }: Real): void {
    const { prevScn, lastScn } = buffer
    const scn = prevScn - 1n + BigInt(Math.round(this.place * Number(lastScn + 2n - prevScn)))
    const seek = buffer.seek(scn, this.offset)
    const kind = scn > lastScn ? 'future' : scn < prevScn || (this.offset >= 0 && scn === prevScn) ? 'gone' : 'found'
    expect(seek.kind).toBe(kind)
    if (seek.kind !== 'found') {
      if (seek.kind === 'far') throw new Error('memory is never away')
      reached[seek.kind]++
      return
    }
    const window = model.windows.find((candidate) => candidate.scn === scn)
    const partly = this.offset < 0 || window === undefined ? [] : window.lines.slice(this.offset)
    const expected = [...partly, ...linesAfter(model, scn)]
    expect(drain(seek.cursor, this.maxBytes)).toEqual(expected)
    reached.found++
    if (partly.length > 0) this.#inside(buffer, scn)
    if (expected.length === 0) reached.tail++
  }
  #inside(buffer: EventBuffer, scn: bigint): void {
    reached.inside++
    const step = buffer.read(scn, this.offset, this.maxBytes)
    if (!(step instanceof BufferChunk)) throw new Error('expected a chunk')
    // The chunk begins a segment in which its window does not begin.
    const segment = buffer.segments.find((candidate) => candidate.bytes.buffer === step.bytes.buffer)
    if (this.offset > 0 && step.bytes.byteOffset === 0 && segment?.firstWindowOffset !== 0) reached.insideLaterSegment++
    step.release()
  }
  toString = () => `read(${this.place}, ${this.offset}, ${this.maxBytes})`
}

/** A reader that lives through the whole run, as a connection does: it reads on, or is told that it was overrun. */
class LiveReader {
  cursor: BufferCursor
  /** SCN of the last window that it has read wholly or in part, and how many events of it. */
  scn: bigint
  events = -1
  constructor(cursor: BufferCursor, scn: bigint) {
    this.cursor = cursor
    this.scn = scn
  }

  step(model: Model, buffer: EventBuffer, maxBytes: number, toWindowEnd: boolean): boolean {
    const ahead = this.#ahead(model)
    const step = this.cursor.next(maxBytes, toWindowEnd)
    if (step instanceof BufferChunk) {
      const got = linesOf(step.bytes)
      expect(got).toEqual(ahead.slice(0, got.length))
      this.#passed(got)
      step.release()
      reached.readOn++
      return true
    }
    if (step.kind === 'caughtUp') expect(ahead).toEqual([])
    if (step.kind === 'overrun') this.#overrun(buffer)
    return false
  }

  #ahead(model: Model): string[] {
    const window = model.windows.find((candidate) => candidate.scn === this.scn)
    return [...(this.events < 0 ? [] : (window?.lines.slice(this.events) ?? [])), ...linesAfter(model, this.scn)]
  }

  #passed(got: readonly string[]): void {
    for (const line of got) {
      const [scn = '', what] = line.split(':')
      const before = BigInt(scn) === this.scn && this.events >= 0 ? this.events : 0
      this.scn = BigInt(scn)
      this.events = what === 'end' ? -1 : before + 1
    }
    expect(this.cursor.scn).toBe(this.scn)
    expect(this.cursor.atWindowEnd).toBe(this.events < 0)
  }

  /** What it would have read next is gone indeed; it begins anew with the oldest window. */
  #overrun(buffer: EventBuffer): void {
    if (this.events < 0) reached.overrunBetween++
    else reached.overrunInside++
    expect(buffer.seek(this.scn, this.events).kind).toBe('gone')
    const anew = buffer.seek(-1n, -1)
    if (anew.kind !== 'found') throw new Error(`expected found, got ${anew.kind}`)
    this.cursor = anew.cursor
    this.scn = buffer.prevScn
    this.events = -1
  }
}

class ReadOn implements fc.Command<Model, Real> {
  readonly steps: number
  readonly maxBytes: number
  readonly toWindowEnd: boolean
  constructor(steps: number, maxBytes: number, toWindowEnd: boolean) {
    this.steps = steps
    this.maxBytes = maxBytes
    this.toWindowEnd = toWindowEnd
  }
  check = () => true
  run(model: Model, { buffer, reader }: Real): void {
    for (let i = 0; i < this.steps && reader.step(model, buffer, this.maxBytes, this.toWindowEnd); i++);
    checkBuffer(buffer)
  }
  toString = () => `readOn(${this.steps}, ${this.maxBytes}, ${this.toWindowEnd})`
}

/** A reader that is waited for has come somewhere else, or there is none any more. */
class Need implements fc.Command<Model, Real> {
  readonly place: number | undefined
  constructor(place: number | undefined) {
    this.place = place
  }
  check = () => true
  run(model: Model, { buffer }: Real): void {
    const { prevScn, lastScn, isBlocked } = buffer
    const { place } = this
    model.neededAfterScn =
      place === undefined ? undefined : prevScn + BigInt(Math.round(place * Number(lastScn - prevScn)))
    buffer.recheck()
    checkBuffer(buffer)
    if (isBlocked && !buffer.isBlocked) reached.wentOn++
    if (model.neededAfterScn === undefined) expect(buffer.isBlocked).toBe(false)
    else expect(buffer.prevScn).toBeLessThanOrEqual(model.neededAfterScn)
  }
  toString = () => `need(${this.place})`
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

const events = fc.array(
  fc.record({
    key: fc.oneof(fc.integer(), fc.string({ maxLength: 12 })),
    valueBytes: fc.oneof({ weight: 6, arbitrary: fc.nat(150) }, { weight: 1, arbitrary: fc.nat(1500) }),
  }),
  { maxLength: 24, size: 'max' },
)
const readBytes = fc.integer({ min: 1700, max: 5000 })

const commands = fc.commands(
  [
    fc
      .tuple(events, fc.integer({ min: 1, max: 3 }), fc.nat(9))
      .map(([window, gap, n]) => new AddWindow(window, gap, n === 0)),
    fc
      .tuple(fc.noBias(fc.nat(100)), fc.noBias(fc.integer({ min: -1, max: 20 })), readBytes)
      .map(([percent, offset, maxBytes]) => new ReadFrom(percent / 100, offset, maxBytes)),
    fc
      .tuple(fc.integer({ min: 1, max: 4 }), readBytes, fc.boolean())
      .map(([steps, maxBytes, toEnd]) => new ReadOn(steps, maxBytes, toEnd)),
    fc.option(fc.noBias(fc.nat(100)), { freq: 3, nil: undefined }).map((percent) => {
      return new Need(percent === undefined ? undefined : percent / 100)
    }),
    fc.constant(new Hold()),
    fc.constant(new Release()),
  ],
  { maxCommands: 60, size: 'max' },
)

test('the buffer behaves like an array of windows that loses the oldest ones which nobody needs', () => {
  assertProperty(
    fc.property(commands, fc.constantFrom(600, 1100, 2048), (all, segmentBytes) => {
      const model: Model = { windows: [], lastScn: FIRST_SCN, neededAfterScn: undefined }
      const neededAfterScn = (): bigint | undefined => model.neededAfterScn
      const buffer = new EventBuffer({ maxBytes: 8192, physicalPartition: 1, segmentBytes, neededAfterScn })
      buffer.start(FIRST_SCN)
      const reader = new LiveReader(buffer.seekLatest(), FIRST_SCN)
      fc.modelRun(() => ({ model, real: { buffer, held: [], reader } }), all)
    }),
    { seed: SEED, numRuns: 400, reached, atLeast: 20 },
  )
})
