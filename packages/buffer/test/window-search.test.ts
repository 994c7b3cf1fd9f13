import { BufferChunk, checkBuffer, EventBuffer } from '@aesop/buffer'
import { endOfPeriodBytes } from '@aesop/event'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { findWindow, findWindowAfter, oldestWindow } from '../src/window-search.ts'
import { addWindow, linesOf } from '../../../test/support/windows.ts'
import { assertProperty } from '../../../test/support/property.ts'

const SEED = 20_262
const FIRST_SCN = 100n
const MAX_BYTES = 49_152
/** A walk begins at an entry of the index and passes what lies within one step of it, 4 KiB, to the event that ends it: a length and an SCN each. */
const STEPS_MAX = 2 * (Math.ceil(4096 / endOfPeriodBytes(1)) + 1)

/** Windows of one event or of more than a segment, with SCNs left out between them. */
const history = fc.array(
  fc.record({
    gap: fc.integer({ min: 1, max: 3 }),
    events: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 12 }) },
      { weight: 1, arbitrary: fc.integer({ min: 60, max: 120 }) },
    ),
    valueBytes: fc.integer({ min: 0, max: 120 }),
  }),
  { minLength: 20, maxLength: 60, size: 'max' },
)

interface Told {
  scn: bigint
  lines: string[]
}

function fill(buffer: EventBuffer, windows: readonly { gap: number; events: number; valueBytes: number }[]): Told[] {
  let scn = FIRST_SCN
  return windows.map(({ gap, events, valueBytes }) => {
    scn += BigInt(gap)
    const list = Array.from({ length: events }, (_, key) => ({ key, valueBytes }))
    addWindow(buffer, scn, list)
    return { scn, lines: [...list.map(({ key }) => `${scn}:${key}`), `${scn}:end`] }
  })
}

/** The first event that a reader gets from there. */
function firstAfter(buffer: EventBuffer, scn: bigint, offset: number): string {
  const step = buffer.read(scn, offset, MAX_BYTES)
  if (!(step instanceof BufferChunk)) return step.kind
  const [line = 'nothing'] = linesOf(step.bytes)
  step.release()
  return line
}

/** How many lengths and SCNs of events `work` reads: the steps of its walk. */
function stepsOf(work: () => unknown): number {
  const lengths = vi.spyOn(DataView.prototype, 'getInt32')
  const scns = vi.spyOn(DataView.prototype, 'getBigInt64')
  try {
    work()
    return lengths.mock.calls.length + scns.mock.calls.length
  } finally {
    lengths.mockRestore()
    scns.mockRestore()
  }
}

test('from every SCN and every event of every window a reader goes on with the next one, in few steps', () => {
  const reached = { segments: 0, indexed: 0, spanning: 0, absent: 0, evicted: 0, inside: 0 }
  assertProperty(
    fc.property(history, fc.constantFrom(1024, 4096, 12_288, 12_288), (windows, segmentBytes) => {
      const buffer = new EventBuffer({ maxBytes: MAX_BYTES, segmentBytes, physicalPartition: 1 })
      buffer.start(FIRST_SCN)
      const told = fill(buffer, windows)
      checkBuffer(buffer)
      const there = told.filter(({ scn }) => scn > buffer.prevScn)
      reached.evicted += told.length > there.length ? 1 : 0
      reached.segments += buffer.segments.length > 4 ? 1 : 0
      reached.indexed += buffer.segments.some(({ indexLength }) => indexLength > 1) ? 1 : 0
      reached.spanning += buffer.segments.some(({ firstWindowOffset }) => firstWindowOffset < 0) ? 1 : 0
      for (let scn = buffer.prevScn; scn <= buffer.lastScn; scn++) {
        const next = there.find((window) => window.scn > scn)?.lines[0] ?? 'caughtUp'
        expect(firstAfter(buffer, scn, -1), `after ${scn}`).toBe(next)
        expect(
          stepsOf(() => buffer.seek(scn, -1)),
          `steps to ${scn}`,
        ).toBeLessThanOrEqual(STEPS_MAX)
        const window = there.find((candidate) => candidate.scn === scn)
        if (window === undefined) {
          reached.absent++
          if (scn > buffer.prevScn) expect(firstAfter(buffer, scn, 2), `${scn} is not there`).toBe(next)
          continue
        }
        for (let offset = 0; offset <= window.lines.length + 1; offset++) {
          expect(firstAfter(buffer, scn, offset), `${scn} from ${offset}`).toBe(window.lines[offset] ?? next)
          reached.inside++
        }
      }
    }),
    { seed: SEED, numRuns: 30, reached, atLeast: 5 },
  )
})

test('where no window is, none is found', () => {
  const buffer = new EventBuffer({ maxBytes: MAX_BYTES, segmentBytes: 4096, physicalPartition: 1 })
  buffer.start(FIRST_SCN)
  const nothing = (scn: bigint): unknown[] => [
    findWindowAfter(buffer.segments, scn),
    findWindow(buffer.segments, scn + 1n),
  ]
  expect([...nothing(0n), oldestWindow(buffer.segments)]).toEqual([undefined, undefined, undefined])
  expect([findWindowAfter([], 0n), findWindow([], 0n), oldestWindow([])]).toEqual([undefined, undefined, undefined])
  fill(
    buffer,
    [3, 60, 2].map((events) => ({ gap: 1, events, valueBytes: 100 })),
  )
  expect(buffer.segments.length).toBeGreaterThan(2)
  expect([...nothing(buffer.lastScn), ...nothing(buffer.lastScn + 5n)]).toEqual(Array(4).fill(undefined))
  for (let scn = FIRST_SCN; scn < buffer.lastScn; scn++) expect(nothing(scn)).not.toContain(undefined)
})
