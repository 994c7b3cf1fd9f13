import { type ReadStep, type WindowReader } from '@aesop/reading'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assertAsyncProperty } from '../../../test/support/property.ts'
import { windowReaderContract } from '../../../test/support/window-reader-contract.ts'
import { LostWindows } from './support/lost-windows.ts'
import { linesOf } from '../../../test/support/windows.ts'

const ALL = 1 << 20

function rig(later: boolean): LostWindows {
  return new LostWindows(2048, 16 * 1024, { later, waits: false })
}
windowReaderContract('a small buffer joined with late reading in memory', () => rig(false), { answersAtOnce: true })
windowReaderContract('a small buffer joined with late reading that is waited for', () => rig(true), {
  answersAtOnce: false,
})

async function told(reader: WindowReader, maxBytes = ALL): Promise<string[] | ReadStep> {
  const step = await reader.next(maxBytes)
  if (step.kind !== 'chunk') return step
  const lines = linesOf(step.bytes)
  step.release()
  return lines
}

/** Windows 101 to 120 of two rows each; the buffer has lost some, the archive none. */
function lost(): LostWindows {
  const windows = new LostWindows(1024, 1 << 20)
  for (let scn = 101n; scn <= 120n; scn++) windows.add(scn, [1, 2])
  expect(windows.held.prevScn).toBeGreaterThan(105n)
  return windows
}

test('windows that the holder has lost are read late, and from the first window end that it holds from the holder', async () => {
  const { source, held, late } = lost()
  const reader = source.openReader()
  expect(await reader.seek(103n, 1)).toEqual({ kind: 'found' })
  const lines: unknown[] = []
  while (late.closed === 0) lines.push(...((await told(reader, 161)) as string[]))
  expect(lines[0]).toBe('103:2')
  expect(reader.scn).toBeGreaterThanOrEqual(held.prevScn)
  expect(reader.scn).toBeLessThan(held.lastScn)
  for (let more = await told(reader, 161); Array.isArray(more); more = await told(reader, 161)) lines.push(...more)
  const expected = Array.from({ length: 17 }, (_, i) => `${104 + i}`).flatMap((scn) =>
    [1, 2, 'end'].map((e) => `${scn}:${e}`),
  )
  expect(lines).toEqual(['103:2', '103:end', ...expected])
  expect([late.opened, late.closed]).toEqual([1, 1])
})

test('a reader that is overrun between two windows goes on late; one that is within a window is told', async () => {
  const windows = new LostWindows(1024, 1 << 20)
  windows.add(101n, [1, 2])
  const [between, within] = [windows.source.openReader(), windows.source.openReader()]
  await between.seek(100n, -1)
  await within.seek(100n, -1)
  expect([await told(between, 261), await told(within, 100)]).toEqual([['101:1', '101:2', '101:end'], ['101:1']])
  for (let scn = 102n; scn <= 120n; scn++) windows.add(scn, [1, 2])
  expect(await told(within)).toEqual({ kind: 'overrun', scn: 101n })
  expect((await told(between, 261)) as string[]).toContain('102:1')
})

test('what can not be read late either is gone, after the lesser of both SCNs, and with the reason', async () => {
  const windows = lost()
  const { held, source, late } = windows
  const gone = (prevScn: bigint) => ({ kind: 'gone', prevScn, reason: 'it was another server' }) as const
  let said = gone(held.prevScn - 2n)
  late.readFrom = () => {
    const reader = late.events.openReader()
    reader.seek = () => said
    reader.close = () => {
      late.closed++
    }
    return reader
  }
  const reader = source.openReader()
  expect(await reader.seek(101n, -1)).toEqual(said)
  said = gone(held.prevScn + 2n)
  expect(await reader.next(ALL)).toEqual(gone(held.prevScn))
  expect(late.closed).toBe(2)
})

test('a late reader that waits for its turn has caught up, and keeps its place; who listens hears that it goes on', async () => {
  const { source, late } = lost()
  late.answers.waits = true
  let heard = 0
  const end = source.subscribe(() => heard++)
  const reader = source.openReader()
  expect(await reader.seek(101n, -1)).toEqual({ kind: 'found' })
  expect([await told(reader), reader.scn, reader.atWindowEnd]).toEqual([{ kind: 'caughtUp' }, 101n, true])
  late.goOn()
  expect([heard, ((await told(reader, 261)) as string[])[0]]).toEqual([1, '102:1'])
  end()
  late.goOn()
  expect(heard).toBe(1)
})

test('a late reader is closed where it is left, also when something is waited for just then', async () => {
  const { source, late } = lost()
  late.answers.later = true
  const leaving = source.openReader()
  const left = leaving.seek(101n, -1)
  leaving.close()
  await left
  expect(late.opened).toBe(0)
  const seeking = source.openReader()
  const sought = seeking.seek(101n, -1)
  while (late.opened === 0) await new Promise((resolve) => setImmediate(resolve))
  seeking.close()
  await sought
  const reading = source.openReader()
  await reading.seek(101n, -1)
  const asked = reading.next(ALL)
  reading.close()
  reading.close()
  const step = await asked
  if (step.kind === 'chunk') step.release()
  const again = source.openReader()
  await again.seek(101n, -1)
  await again.seek(102n, -1)
  await again.seekLatest()
  again.close()
  expect([late.opened, late.closed]).toEqual([4, 4])
})

test('whatever leaves meanwhile, and wherever a reader comes back: no gap and no repetition', async () => {
  const reached = { late: 0, joined: 0, again: 0, inside: 0 }
  const step = fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({ add: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 8 }) }),
    },
    { weight: 12, arbitrary: fc.record({ read: fc.integer({ min: 100, max: 1500 }), toWindowEnd: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ waits: fc.boolean() }) },
    { weight: 3, arbitrary: fc.constant({ comesBack: true }) },
  )
  await assertAsyncProperty(
    fc.asyncProperty(fc.boolean(), fc.array(step, { minLength: 60, maxLength: 120 }), async (later, steps) => {
      const windows = new LostWindows(1024, 1 << 20, { later, waits: false })
      const { source, held, late } = windows
      const written: string[] = []
      const read: string[] = []
      let reader = source.openReader()
      await reader.seek(100n, -1)
      for (const each of steps) {
        if ('add' in each) {
          for (const rows of each.add) {
            const keys = Array.from({ length: rows }, (_, key) => key)
            const scn = held.lastScn + 1n
            windows.add(scn, keys)
            written.push(...keys.map((key) => `${scn}:${key}`), `${scn}:end`)
          }
        } else if ('waits' in each) {
          late.answers.waits = each.waits
        } else {
          const closedBefore = late.closed
          const got = 'comesBack' in each ? undefined : await reader.next(each.read, each.toWindowEnd)
          if (got?.kind === 'chunk') {
            read.push(...linesOf(got.bytes))
            got.release()
          }
          if (late.closed > closedBefore) reached.joined++
          if (got === undefined || got.kind === 'overrun') {
            reader.close()
            reader = source.openReader()
            const [scn, offset] = placeAfter(read)
            expect(await reader.seek(scn, offset)).toEqual({ kind: 'found' })
            reached[offset < 0 ? 'again' : 'inside']++
          }
        }
      }
      reader.close()
      reached.late += late.opened
      expect(late.closed).toBe(late.opened)
      expect(read).toEqual(written.slice(0, read.length))
    }),
    { seed: 31_117, numRuns: 120, reached, atLeast: 100 },
  )
})

test('with the chunk that reaches what is held it changes, and its place is kept for one segment more: no writer as fast moves it away again', async () => {
  const reached = { joined: 0, kept: 0, lost: 0 }
  const rounds = fc.record({
    later: fc.boolean(),
    rows: fc.integer({ min: 1, max: 2 }),
    behind: fc.integer({ min: 1, max: 2 }),
    more: fc.integer({ min: 0, max: 12 }),
  })
  await assertAsyncProperty(
    fc.asyncProperty(rounds, async ({ later, rows, behind, more }) => {
      const windows = new LostWindows(2048, 1 << 20, { later, waits: false })
      const { source, held, late } = windows
      const keys = Array.from({ length: rows }, (_, key) => key)
      const add = (): void => {
        windows.add(held.lastScn + 1n, keys)
        expect(held.heldBytes).toBeLessThanOrEqual(2048 + 512)
      }
      for (let n = 0; n < 60; n++) add()
      const reader = source.openReader()
      const began = held.prevScn - BigInt(behind)
      await reader.seek(began, -1)
      const first = (await told(reader, 512)) as string[]
      // A chunk lies in one segment, and a window may go on in the next.
      while (first.at(-1)?.endsWith(':end') !== true || reader.scn < held.prevScn)
        first.push(...((await told(reader, 512)) as string[]))
      expect([late.opened, late.closed, reader.scn >= held.prevScn]).toEqual([1, 1, true])
      reached.joined++
      // What takes no more than a segment moves nothing away; what takes more does, and it is late again.
      const before = held.eventBytes
      while (held.eventBytes - before < 512 - 300) add()
      const [opened, place] = [late.opened, reader.scn]
      const isKept = held.prevScn <= place
      for (let n = 0; n < more; n++) add()
      const isLost = held.prevScn > place
      const second = (await told(reader, 512)) as string[]
      expect([isKept, late.opened]).toEqual([true, isLost ? opened + 1 : opened])
      reached[isLost ? 'lost' : 'kept']++
      const got = [...first, ...second].filter((line) => line.endsWith(':end'))
      expect(got).toEqual(got.map((_line, at) => `${began + 1n + BigInt(at)}:end`))
      reader.close()
      add()
      add()
      expect(held.heldBytes).toBeLessThanOrEqual(2048)
    }),
    { seed: 4_711, numRuns: 150, reached, atLeast: 20 },
  )
})

/** Where a client is that has got these events. */
function placeAfter(read: readonly string[]): [bigint, number] {
  const last = read.at(-1)
  if (last === undefined) return [100n, -1]
  const [scn = '', what] = last.split(':')
  if (what === 'end') return [BigInt(scn), -1]
  return [BigInt(scn), read.filter((line) => line.startsWith(`${scn}:`)).length]
}
