import { sealEvent, writeEndOfPeriod, writeEvent } from '@aesop/event'
import { describe, expect, test } from 'vitest'
import { WindowWalk } from './bench/window-walk.ts'

/* The proof of the readers that `npm run bench` measures with: events are real, and cut at every byte. */

const COMMITTED_MS = 1_700_000_000_123
const NANOS = BigInt(COMMITTED_MS) * 1_000_000n
/** One is larger than what the walk keeps at first. */
const ROWS = [
  { key: 7, valueBytes: 0 },
  { key: '', valueBytes: 0 },
  { key: 'Ada', valueBytes: 500 },
]

function windowOf(scn: bigint, version: 1 | 2 = 1): Buffer {
  const bytes = Buffer.alloc(4096)
  let at = 0
  for (const { key, valueBytes } of ROWS) {
    const event = { opcode: 'UPSERT', key, timestampNanos: NANOS, sourceId: 40, logicalPartition: 0 } as const
    const append = { ...event, schemaId: Buffer.alloc(16, 7), maxValueBytes: valueBytes }
    // Every byte of the value is one that begins an end of a window of version 2.
    writeEvent(bytes, at, append, 1, version, (target, from) => {
      target.fill(2, from, from + valueBytes)
      return from + valueBytes
    })
    at = sealEvent(bytes, at, Number(scn >> 32n), Number(BigInt.asIntN(32, scn)))
  }
  return Buffer.from(bytes.subarray(0, writeEndOfPeriod(bytes, at, scn, 1, version, NANOS)))
}

const streamOf = (scns: readonly bigint[], version?: 1 | 2): Buffer =>
  Buffer.concat(scns.map((scn) => windowOf(scn, version)))

interface Walked {
  readonly walk: WindowWalk
  /** When each window was committed. */
  readonly ends: number[]
}

function newWalk(isGapless = true, afterScn?: number): Walked {
  const ends: number[] = []
  const walk = new WindowWalk({
    ...(afterScn === undefined ? {} : { afterScn }),
    isGapless,
    windowEnded: (committedMs) => ends.push(committedMs),
  })
  return { walk, ends }
}

/** Walks a stream that comes in pieces of so many bytes, all of them in the same memory, which holds nothing in between. */
function walkCut(bytes: Buffer, pieces: readonly number[], walked: Walked): Walked {
  const memory = Buffer.alloc(bytes.length + 2)
  let at = 0
  for (const length of pieces) {
    memory.fill(0xff)
    bytes.copy(memory, 1, at, at + length)
    walked.walk.walk(memory, 1, 1 + length)
    at += length
  }
  return walked
}

const walkWhole = (scns: readonly bigint[], walked = newWalk()): Walked => {
  const bytes = streamOf(scns)
  return walkCut(bytes, [bytes.length], walked)
}

describe('windows that follow each other', () => {
  const expected = { rows: 2 * ROWS.length, firstScn: 41, lastScn: 42 }

  test.each([1, 2] as const)('are counted wherever their stream is cut, in version %i', (version) => {
    const bytes = streamOf([41n, 42n], version)
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { walk, ends } = walkCut(bytes, [cut, bytes.length - cut], newWalk())
      expect(walk, `cut at ${cut}`).toMatchObject(expected)
      expect(walk.isWhole).toBe(true)
      expect(ends).toEqual([COMMITTED_MS, COMMITTED_MS])
    }
  })

  test.each([1, 2, 48, 49, 60, 61, 62])('are counted when they come %i bytes at a time', (length) => {
    const bytes = streamOf([41n, 42n])
    const rest = bytes.length % length
    const pieces = [...Array.from({ length: (bytes.length - rest) / length }, () => length), rest]
    const { walk, ends } = walkCut(bytes, pieces, newWalk())
    expect(walk).toMatchObject(expected)
    expect(ends).toHaveLength(2)
  })

  test('are not whole before their last byte', () => {
    const bytes = streamOf([41n])
    expect(walkCut(bytes, [bytes.length - 1], newWalk()).walk).toMatchObject({ isWhole: false, lastScn: -1 })
  })

  test('may leave SCNs out where SCNs are places of a log, and never go back', () => {
    expect(walkWhole([41n, 1n << 40n], newWalk(false)).walk.lastScn).toBe(2 ** 40)
    expect(() => walkWhole([41n, 41n], newWalk(false))).toThrow('window 41 after 41')
    expect(() => walkWhole([42n, 41n], newWalk(false))).toThrow('window 41 after 42')
  })
})

describe('is noticed, wherever the stream is cut:', () => {
  test.each([
    ['a hole', [41n, 43n], 'window 43 after 41'],
    ['a repetition', [41n, 41n], 'window 41 after 41'],
    ['a step back', [42n, 41n], 'window 41 after 42'],
  ])('%s', (_name, scns, told) => {
    const bytes = streamOf(scns)
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(() => walkCut(bytes, [cut, bytes.length - cut], newWalk()), `cut at ${cut}`).toThrow(told)
  })

  test('a hole before the first window of who began behind a place, and before the first of the next answer', () => {
    expect(walkWhole([41n], newWalk(true, 40)).walk.firstScn).toBe(41)
    expect(() => walkWhole([41n], newWalk(true, 39))).toThrow('window 41 after 39')
    const walked = walkWhole([41n])
    expect(() => walkWhole([43n], walked)).toThrow('window 43 after 41')
  })

  test('an SCN that a plain number does not hold', () => {
    expect(walkWhole([(1n << 53n) - 1n]).walk.lastScn).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => walkWhole([1n << 53n])).toThrow('SCN 9007199254740992 is too large for a plain number')
  })

  test('bytes that are no event', () => {
    expect(() => {
      newWalk().walk.walk(Buffer.alloc(100), 0, 100)
    }).toThrow('an event of 0 bytes, expected 49 at least')
  })
})

test('whoever begins anew goes on with any window, and with nothing of what came before', () => {
  const bytes = streamOf([41n])
  const { walk, ends } = walkCut(Buffer.concat([bytes, bytes]), [bytes.length + 30], newWalk())
  expect(walk.isWhole).toBe(false)
  walk.beginAnew()
  walkWhole([90n], { walk, ends })
  expect(walk).toMatchObject({ rows: 2 * ROWS.length, firstScn: 90, lastScn: 90, isWhole: true })
})
