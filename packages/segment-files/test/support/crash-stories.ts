import fc from 'fast-check'
import { expect } from 'vitest'
import { assertAsyncProperty } from '../../../../test/support/property.ts'
import {
  FIRST_SCN,
  linesOfWindows,
  opened,
  read,
  SEGMENT_BYTES,
  type SourceWindow,
  write,
} from '../../../../test/support/segment-history.ts'
import { ModelDisk } from '../../../../test/support/model-disk.ts'

const SEED = 20_261_128
const ROOMY = 1 << 20

interface Draw {
  readonly windows: readonly { readonly keys: number; readonly attempt: SourceWindow['attempt'] }[]
  /** With which step of the disk each process ends; a process that is not ended is closed in order. */
  readonly ends: readonly { readonly step: number; readonly isPowerCut: boolean; readonly fates: readonly number[] }[]
  /** After how many windows the place is asked to be safe. */
  readonly every: number
  readonly maxBytes: number
}

const draw = fc.record({
  windows: fc.array(
    fc.record({
      keys: fc.oneof(
        { weight: 5, arbitrary: fc.integer({ min: 0, max: 5 }) },
        { weight: 1, arbitrary: fc.integer({ min: 8, max: 40 }) },
      ),
      attempt: fc.constantFrom<SourceWindow['attempt']>(undefined, undefined, undefined, 'rollback', 'mark'),
    }),
    { minLength: 12, maxLength: 40 },
  ),
  ends: fc.array(
    fc.record({
      step: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 60, max: 400 })),
      isPowerCut: fc.boolean(),
      fates: fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { minLength: 20, maxLength: 40 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  every: fc.integer({ min: 1, max: 6 }),
  maxBytes: fc.constantFrom(ROOMY, ROOMY, 8 * SEGMENT_BYTES),
})

/** What a process is about: windows of a source, the place that it has stored, and what it is ended by. */
class Story {
  readonly reached: Record<string, number>
  readonly #source: readonly SourceWindow[]
  readonly #maxBytes: number
  #disk = new ModelDisk()
  /** What the source would begin after: windows up to here are safe. */
  #place = FIRST_SCN

  constructor({ windows, maxBytes }: Draw, reached: Record<string, number>) {
    this.reached = reached
    this.#maxBytes = maxBytes
    this.#source = windows.map(({ keys, attempt }, at) => ({
      scn: FIRST_SCN + 1n + BigInt(at),
      keys: Array.from({ length: keys }, (_, key) => key),
      ...(attempt === undefined ? {} : { attempt }),
    }))
  }

  /** One process, to its end. */
  async run(end: Draw['ends'][number], every: number): Promise<void> {
    this.#disk.endsAtStep = this.#disk.steps + end.step
    const windows = this.#source.filter(({ scn }) => scn > this.#place)
    try {
      await this.#write(windows, every)
      this.#count('closed')
    } catch {
      this.#count(end.isPowerCut ? 'powerCut' : 'killed')
    }
    let fate = 0
    const chance = (): number => end.fates[fate++ % end.fates.length] ?? 0
    this.#disk = end.isPowerCut ? this.#disk.afterPowerCut(chance) : this.#disk.killed()
  }

  /** What is served then is what the source has, from some window on, without a hole. */
  async check(): Promise<void> {
    const { buffer, store, leftScn } = await opened(this.#disk, { maxBytes: this.#maxBytes })
    store.begin('test-space')
    if (leftScn !== undefined) {
      this.#count('left')
      expect(leftScn, 'what was said to be safe').toBeGreaterThanOrEqual(this.#place)
    }
    buffer.start(this.#place)
    for (const window of this.#source.filter(({ scn }) => scn > this.#place)) {
      write(buffer, window)
      await buffer.whenWritable()
    }
    const { prevScn } = buffer
    if (this.#place > FIRST_SCN) {
      this.#count('placed')
      // One that holds less than lies between two places begins anew where its source does.
      if (this.#maxBytes === ROOMY) expect(leftScn, 'what was safe is there').toBeDefined()
      if (this.#maxBytes === ROOMY) expect(prevScn).toBe(FIRST_SCN)
      else if (prevScn > FIRST_SCN) this.#count('evicted')
    }
    const expected = linesOfWindows(this.#source.filter(({ scn }) => scn > prevScn))
    expect(await read(buffer, prevScn)).toEqual(expected)
    await buffer.close()
  }

  async #write(windows: readonly SourceWindow[], every: number): Promise<void> {
    const { buffer, store } = await opened(this.#disk, { maxBytes: this.#maxBytes, retryMs: 1_000_000 })
    store.begin('test-space')
    buffer.start(this.#place)
    try {
      for (const [at, window] of windows.entries()) {
        write(buffer, window)
        if (window.keys.length > 8) this.#count('spilled')
        if (window.attempt !== undefined) this.#count('givenUp')
        await Promise.race([buffer.whenWritable(), this.#disk.ended])
        if (at % every !== 0) continue
        const scn = buffer.lastScn
        await buffer.whenDurable()
        this.#place = scn
      }
    } finally {
      await buffer.close()
    }
    if (this.#disk.steps >= this.#disk.endsAtStep) throw new Error('ended while it closed')
  }

  #count(place: string): void {
    this.reached[place] = (this.reached[place] ?? 0) + 1
  }
}

/** Draws so many stories, and holds each to what SPEC.md promises. */
export async function assertStories(runs: number): Promise<void> {
  const reached = { closed: 0, killed: 0, powerCut: 0, left: 0, placed: 0, spilled: 0, givenUp: 0, evicted: 0 }
  await assertAsyncProperty(
    fc.asyncProperty(draw, async (drawn) => {
      const story = new Story(drawn, reached)
      for (const end of drawn.ends) await story.run(end, drawn.every)
      await story.check()
    }),
    { seed: SEED, numRuns: runs, reached, atLeast: runs / 20 },
  )
}
