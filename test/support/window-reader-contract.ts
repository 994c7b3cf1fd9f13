import { checkEvent, EventView } from '@aesop/event'
import { type ReadStep, type SeekStep, type WindowChunk, type WindowReader, type WindowSource } from '@aesop/reading'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { assertAsyncProperty } from './property.ts'
import { linesOf } from './windows.ts'

/** Windows of a source, as a suite makes them: begun after SCN 100, each event of 100 bytes, each end of 61. */
export interface WindowRig {
  readonly source: WindowSource
  /** Adds a window with these keys. */
  add(scn: bigint, keys: readonly number[]): void | Promise<void>
  /** Adds windows until the one with this SCN has left. @returns SCN of the last window that has */
  forget(scn: bigint): bigint | Promise<bigint>
  close?(): void | Promise<void>
}

export interface ContractOptions {
  /** Whether no answer may be a promise. */
  readonly answersAtOnce: boolean
}

const EVENT_BYTES = 100
const END_BYTES = 61
const BEGIN_SCN = 100n
const ALL = 1 << 20
const SEED = 20_264

/** Runs an implementation of `WindowReader` through the clauses of packages/reading/SPEC.md. */
export function windowReaderContract(
  name: string,
  makeRig: () => WindowRig | Promise<WindowRig>,
  { answersAtOnce }: ContractOptions,
): void {
  let promises = 0
  const answered = <Answer>(answer: Answer | Promise<Answer>): Answer | Promise<Answer> => {
    if (answer instanceof Promise) promises++
    return answer
  }

  async function rigWith(windows: Readonly<Record<string, readonly number[]>>): Promise<WindowRig> {
    promises = 0
    const rig = await makeRig()
    onTestFinished(() => rig.close?.())
    for (const [scn, keys] of Object.entries(windows)) await rig.add(BigInt(scn), keys)
    return rig
  }
  const seek = async (reader: WindowReader, scn: bigint, offset = -1): Promise<SeekStep> =>
    answered(reader.seek(scn, offset))
  const next = async (reader: WindowReader, maxBytes = ALL, toWindowEnd = false): Promise<ReadStep> =>
    answered(reader.next(maxBytes, toWindowEnd))

  async function readerAt({ source }: WindowRig, scn: bigint, offset = -1): Promise<WindowReader> {
    const reader = source.openReader()
    onTestFinished(() => {
      reader.close()
    })
    expect(await seek(reader, scn, offset)).toEqual({ kind: 'found' })
    return reader
  }

  async function chunkOf(reader: WindowReader, maxBytes = ALL, toWindowEnd = false): Promise<WindowChunk> {
    const step = await next(reader, maxBytes, toWindowEnd)
    if (step.kind !== 'chunk') throw new Error(`expected a chunk, got ${step.kind}`)
    return step
  }

  /** What a chunk holds, and what it says of itself, as the reader does. */
  async function told(reader: WindowReader, maxBytes = ALL, toWindowEnd = false): Promise<unknown> {
    const step = await next(reader, maxBytes, toWindowEnd)
    if (step.kind !== 'chunk') return step
    expect([reader.scn, reader.atWindowEnd]).toEqual([step.scn, step.endsWindow])
    const lines = linesOf(step.bytes)
    step.release()
    return lines
  }

  /** Everything up to the end, in chunks of at most so many bytes. */
  async function drained(reader: WindowReader, maxBytes = ALL): Promise<string[]> {
    const lines: string[] = []
    for (;;) {
      const step = await next(reader, maxBytes)
      if (step.kind === 'caughtUp') return lines
      if (step.kind !== 'chunk') throw new Error(`expected a chunk, got ${step.kind}`)
      lines.push(...linesOf(step.bytes))
      step.release()
    }
  }

  describe(name, () => {
    const THREE = { 101: [1, 2], 102: [], 105: [3] }
    const LINES = ['101:1', '101:2', '101:end', '102:end', '105:3', '105:end']

    test('a reader goes on after every window and within each of them, and is told when it has caught up', async () => {
      const rig = await rigWith(THREE)
      const from = async (scn: bigint, offset = -1): Promise<string[]> => drained(await readerAt(rig, scn, offset))
      expect(await from(-1n)).toEqual(LINES)
      expect(await from(BEGIN_SCN)).toEqual(LINES)
      expect(await from(101n)).toEqual(LINES.slice(3))
      expect(await from(102n)).toEqual(LINES.slice(4))
      expect(await from(105n)).toEqual([])
      for (const [offset, at] of [0, 1, 2, 3, 3].entries()) expect(await from(101n, offset)).toEqual(LINES.slice(at))
    })

    test('an SCN that no window has is the place before the next greater one', async () => {
      const rig = await rigWith(THREE)
      for (const offset of [-1, 0, 2]) expect(await drained(await readerAt(rig, 103n, offset))).toEqual(LINES.slice(4))
    })

    test('a place before the oldest window that is there is gone, for seek and for next', async () => {
      const rig = await rigWith(THREE)
      const prevScn = await rig.forget(102n)
      const reader = rig.source.openReader()
      for (const [scn, offset] of [
        [prevScn - 1n, -1],
        [prevScn, 0],
        [101n, 1],
      ] as const) {
        expect(await seek(reader, scn, offset)).toEqual({ kind: 'gone', prevScn })
        expect([await next(reader), await next(reader)]).toEqual(Array(2).fill({ kind: 'gone', prevScn }))
      }
      expect(await seek(reader, prevScn)).toEqual({ kind: 'found' })
      expect((await chunkOf(reader)).scn).toBeGreaterThan(prevScn)
    })

    test('a place above the newest window lies in the future, and next goes on by itself when its windows have come', async () => {
      const rig = await rigWith(THREE)
      const reader = rig.source.openReader()
      expect(await seek(reader, 106n)).toEqual({ kind: 'future', lastScn: 105n })
      expect([await next(reader), reader.scn]).toEqual([{ kind: 'future', lastScn: 105n }, -1n])
      await rig.add(106n, [6])
      await rig.add(107n, [7])
      expect(await drained(reader)).toEqual(['107:7', '107:end'])
    })

    test('before the newest window is a place; without windows it is the end', async () => {
      const rig = await rigWith({})
      const reader = rig.source.openReader()
      expect(await answered(reader.seekLatest())).toEqual({ kind: 'found' })
      expect(await next(reader)).toEqual({ kind: 'caughtUp' })
      for (const [scn, keys] of Object.entries(THREE)) await rig.add(BigInt(scn), keys)
      expect(await drained(reader)).toEqual(LINES)
      expect(await answered(reader.seekLatest())).toEqual({ kind: 'found' })
      expect(reader.atWindowEnd).toBe(true)
      expect(await drained(reader)).toEqual(LINES.slice(4))
    })

    test('a place says which window it follows, or is within', async () => {
      const rig = await rigWith(THREE)
      const places: unknown[] = []
      for (const [scn, offset] of [
        [-1n, -1],
        [101n, -1],
        [101n, 0],
        [101n, 1],
        [101n, 3],
        [105n, 9],
      ] as const) {
        const reader = await readerAt(rig, scn, offset)
        places.push([reader.scn, reader.atWindowEnd])
      }
      expect(places).toEqual([
        [BEGIN_SCN, true],
        [101n, true],
        [101n, false],
        [101n, false],
        [101n, true],
        [105n, true],
      ])
    })

    test('a chunk has at most as many bytes as were asked for, cut between events; an event of more is tooSmall, and comes when it is asked for', async () => {
      const reader = await readerAt(await rigWith(THREE), BEGIN_SCN)
      const tooSmall = (pendingEventBytes: number): object => ({ kind: 'tooSmall', pendingEventBytes })
      expect(await told(reader, EVENT_BYTES - 1)).toEqual(tooSmall(EVENT_BYTES))
      expect(await told(reader, EVENT_BYTES)).toEqual(['101:1'])
      expect(await told(reader, EVENT_BYTES + END_BYTES - 1)).toEqual(['101:2'])
      expect(await told(reader, END_BYTES - 1)).toEqual(tooSmall(END_BYTES))
      expect(await told(reader, 2 * END_BYTES)).toEqual(['101:end', '102:end'])
      expect(await told(reader)).toEqual(['105:3', '105:end'])
    })

    test('with toWindowEnd a chunk ends where a window ends, if one does within its bytes', async () => {
      const rig = await rigWith({ 101: [1, 2], 102: [3] })
      const reader = await readerAt(rig, BEGIN_SCN)
      expect(await told(reader, EVENT_BYTES, true)).toEqual(['101:1'])
      expect(await told(reader, 2 * EVENT_BYTES + END_BYTES, true)).toEqual(['101:2', '101:end'])
      expect(await told(reader, ALL, true)).toEqual(['102:3', '102:end'])
    })

    test('every event of a chunk proves its checksums, and has the SCN of its window', async () => {
      const chunk = await chunkOf(await readerAt(await rigWith(THREE), BEGIN_SCN))
      const view = new EventView(chunk.bytes, 0)
      for (let at = 0; at < chunk.bytes.length; at = view.moveTo(chunk.bytes, at).end) {
        checkEvent(chunk.bytes, at, view.moveTo(chunk.bytes, at).length)
      }
      expect(linesOf(chunk.bytes)).toEqual(LINES)
      chunk.release()
    })

    test('the bytes of a chunk stay until its release, though its window leaves; two releases are one', async () => {
      const rig = await rigWith(THREE)
      const chunk = await chunkOf(await readerAt(rig, BEGIN_SCN))
      const before = Buffer.from(chunk.bytes)
      await rig.forget(105n)
      expect(chunk.bytes.equals(before)).toBe(true)
      chunk.release()
      chunk.release()
    })

    test('a reader whose next window is gone is overrun; one that stands between windows goes on while the next one is there', async () => {
      const rig = await rigWith({ 101: [1, 2], 102: [3] })
      const [behind, within, between] = [
        await readerAt(rig, 101n),
        await readerAt(rig, 102n, 1),
        await readerAt(rig, 102n),
      ]
      const prevScn = await rig.forget(102n)
      const overrun = [
        { kind: 'overrun', scn: 101n },
        { kind: 'overrun', scn: 102n },
      ]
      expect([await next(behind), await next(within)]).toEqual(overrun)
      expect([await next(behind), await next(within)]).toEqual(overrun)
      if (prevScn > 102n) expect(await next(between)).toEqual({ kind: 'overrun', scn: 102n })
      else expect((await chunkOf(between)).kind).toBe('chunk')
      const tail = await readerAt(rig, prevScn)
      expect((await drained(tail)).length).toBeGreaterThan(0)
      await rig.add(tail.scn + 1n, [9])
      expect(await drained(tail)).toEqual([`${tail.scn}:9`, `${tail.scn}:end`])
    })

    test('windows that come later are read, and each is told once to those who listen', async () => {
      const rig = await rigWith(THREE)
      const reader = await readerAt(rig, 105n)
      let heard = 0
      const unsubscribe = rig.source.subscribe(() => (heard += 1))
      expect(await next(reader)).toEqual({ kind: 'caughtUp' })
      await rig.add(106n, [4])
      expect([await told(reader), heard]).toEqual([['106:4', '106:end'], 1])
      await rig.add(107n, [])
      unsubscribe()
      await rig.add(108n, [])
      expect([await drained(reader), heard]).toEqual([['107:end', '108:end'], 2])
    })

    test('a closed reader reads no more, and its chunks stay', async () => {
      const rig = await rigWith(THREE)
      const reader = await readerAt(rig, BEGIN_SCN)
      const chunk = await chunkOf(reader, EVENT_BYTES)
      reader.close()
      reader.close()
      expect(linesOf(chunk.bytes)).toEqual(['101:1'])
      chunk.release()
      const fault = { name: 'InvariantError' }
      await expect(next(reader)).rejects.toMatchObject(fault)
      await expect(seek(reader, BEGIN_SCN)).rejects.toMatchObject(fault)
      await expect(next(rig.source.openReader())).rejects.toMatchObject(fault)
    })

    test(`what is in memory is answered at once: ${answersAtOnce ? 'no promise' : 'promises while there is more than memory'}`, async () => {
      const rig = await rigWith({ ...THREE, 106: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] })
      await drained(await readerAt(rig, BEGIN_SCN), EVENT_BYTES)
      await drained(await readerAt(rig, 101n, 1))
      if (answersAtOnce) expect(promises).toBe(0)
      else expect(promises).toBeGreaterThan(0)
    })

    test('whatever the order of places and sizes: what is read is what was written after the place, to the end', async () => {
      const reached = { inside: 0, after: 0, cut: 0, absent: 0 }
      const window = fc.record({ gap: fc.integer({ min: 1, max: 3 }), events: fc.integer({ min: 0, max: 12 }) })
      const place = fc.record({
        at: fc.nat(40),
        offset: fc.integer({ min: -1, max: 14 }),
        bytes: fc.integer({ min: EVENT_BYTES, max: 2000 }),
      })
      const history = fc.array(window, { minLength: 3, maxLength: 12 })
      await assertAsyncProperty(
        fc.asyncProperty(history, fc.array(place, { minLength: 5, maxLength: 8 }), async (windows, places) => {
          const rig = await makeRig()
          let scn = BEGIN_SCN
          const written: { scn: bigint; lines: string[] }[] = []
          for (const { gap, events } of windows) {
            scn += BigInt(gap)
            const keys = Array.from({ length: events }, (_, key) => key)
            await rig.add(scn, keys)
            written.push({ scn, lines: [...keys.map((key) => `${scn}:${key}`), `${scn}:end`] })
          }
          const reader = rig.source.openReader()
          for (const { at, offset, bytes } of places) {
            const from = BEGIN_SCN + (BigInt(at) % (scn - BEGIN_SCN + 1n))
            if (from === BEGIN_SCN && offset >= 0) continue
            expect(await seek(reader, from, offset)).toEqual({ kind: 'found' })
            const begun = written.find((one) => one.scn === from)
            const rest = begun === undefined || offset < 0 ? [] : begun.lines.slice(offset)
            const expected = [...rest, ...written.filter((one) => one.scn > from).flatMap(({ lines }) => lines)]
            expect(await drained(reader, bytes), `from ${from}, ${offset}`).toEqual(expected)
            reached[begun === undefined ? 'absent' : rest.length > 1 ? 'inside' : 'after']++
            if (expected.length * END_BYTES > bytes) reached.cut++
          }
          reader.close()
          await rig.close?.()
        }),
        { seed: SEED, numRuns: 30, reached, atLeast: 8 },
      )
    })
  })
}
