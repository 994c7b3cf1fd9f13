import { EventBuffer } from '@aesop/buffer'
import { endAt, isEndOfPeriodAt } from '@aesop/event'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assertProperty } from '../../../test/support/property.ts'
import { addWindow } from '../../../test/support/windows.ts'
import { LateEvents, type LatePlace } from '../src/late-events.ts'

/** Events of windows 10, 20, … of so many rows each, as a relay sends them. */
function eventsOf(
  windows: readonly number[],
): { readonly bytes: Buffer; readonly scn: bigint; readonly endsWindow: boolean }[] {
  const buffer = new EventBuffer({ maxBytes: 1 << 20, physicalPartition: 1 })
  buffer.start(0n)
  for (const [i, rows] of windows.entries())
    addWindow(
      buffer,
      BigInt(i + 1) * 10n,
      Array.from({ length: rows }, (_, key) => ({ key, valueBytes: key * 7 })),
    )
  const step = buffer.read(0n, -1, 1 << 20)
  if (step.kind !== 'chunk') throw new Error(step.kind)
  const events = []
  let scn = 10n
  for (let at = 0; at < step.bytes.length; at = endAt(step.bytes, at)) {
    const endsWindow = isEndOfPeriodAt(step.bytes, at)
    events.push({ bytes: step.bytes.subarray(at, endAt(step.bytes, at)), scn, endsWindow })
    if (endsWindow) scn += 10n
  }
  return events
}

/** Where somebody is who has seen the first `count` events. */
function placeAfter(events: ReturnType<typeof eventsOf>, count: number): LatePlace {
  const last = events[count - 1]
  if (last === undefined) return { scn: 0n, windowOffset: -1 }
  if (last.endsWindow) return { scn: last.scn, windowOffset: -1 }
  return { scn: last.scn, windowOffset: events.slice(0, count).filter(({ scn }) => scn === last.scn).length }
}

test('wherever it begins, and wherever answers break off: each event is given once, in order, within so many bytes', () => {
  const reached = { withinWindow: 0, brokenWithin: 0, tooSmall: 0 }
  const step = fc.record({
    come: fc.nat(6),
    breaks: fc.boolean(),
    maxBytes: fc.integer({ min: 60, max: 400 }),
    toEnd: fc.boolean(),
  })
  assertProperty(
    fc.property(
      fc.array(fc.nat(5), { minLength: 2, maxLength: 12 }),
      fc.nat(30),
      fc.array(step, { minLength: 5, maxLength: 40 }),
      (windows, from, steps) => {
        const events = eventsOf(windows)
        const begins = Math.min(from, events.length)
        const late = new LateEvents(placeAfter(events, begins))
        if (late.place.windowOffset > 0) reached.withinWindow++
        // An answer begins after the last whole window.
        const asked = (): number => events.findIndex(({ scn }) => scn > late.wholeScn)
        let [next, given] = [asked(), begins]
        for (const { come, breaks, maxBytes, toEnd } of steps) {
          for (let i = 0; i < come && next >= 0 && next < events.length; i++, next++) {
            const { bytes, endsWindow } = events[next] as (typeof events)[number]
            if (endsWindow) late.endWindowCopy(bytes, 0)
            else late.appendCopy(bytes, 0, bytes.length)
          }
          const chunk = late.give(maxBytes, toEnd)
          if (chunk?.kind === 'tooSmall') reached.tooSmall++
          if (chunk?.kind === 'chunk') {
            const wanted = events.slice(given)
            let count = 0
            for (let size = 0; size < chunk.bytes.length; count++) size += wanted[count]?.bytes.length ?? Infinity
            expect(chunk.bytes).toEqual(Buffer.concat(wanted.slice(0, count).map(({ bytes }) => bytes)))
            expect(chunk.bytes.length).toBeLessThanOrEqual(maxBytes)
            given += count
            expect(late.place).toEqual(placeAfter(events, given))
            expect(chunk.endsWindow).toBe(late.place.windowOffset < 0)
          }
          if (!breaks) continue
          if (late.place.windowOffset > 0) reached.brokenWithin++
          late.rollbackWindow()
          next = asked()
        }
      },
    ),
    { seed: 20261128, numRuns: 300, reached, atLeast: 50 },
  )
})
