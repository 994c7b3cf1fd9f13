import { Checkpoint } from '@aesop/checkpoint'
import { type ReadsFrom, type ReadStep } from '@aesop/reading'
import { type StreamRequest } from '@aesop/wire'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { StreamReading } from '../src/stream-reading.ts'
import { type StreamWindows } from '../src/stream-windows.ts'
import { TurnGate } from '../src/turn-gate.ts'

const KB = 1024
const WORK_BYTES = 384 * KB
const PIECE_BYTES = 64 * KB
const REQUEST: StreamRequest = {
  sources: [40],
  checkpoint: Checkpoint.flexible(),
  fromLatestScn: false,
  sizeBytes: 2 ** 31 - 1,
  output: 'binary',
  eventVersionMax: 0,
  filters: new Map(),
  followMs: 0,
}

/** What all readers have asked for, and how much of it in one turn of the event loop. */
class Asked {
  readonly sizes: number[] = []
  longestTurn = 0
  #turn = 0
  #isRunning = true

  async run(work: Promise<unknown>): Promise<void> {
    const counting = this.#count()
    await work
    this.#isRunning = false
    await counting
  }

  add(bytes: number): void {
    this.sizes.push(bytes)
    this.#turn += bytes
  }

  async #count(): Promise<void> {
    while (this.#isRunning) {
      await setImmediate()
      this.longestTurn = Math.max(this.longestTurn, this.#turn)
      this.#turn = 0
    }
  }
}

/** Events of the same size, each a window, read from wherever it is said. */
function windowsOf(asked: Asked, readsFrom: ReadsFrom, events: number, eventBytes: number): StreamWindows {
  let left = events
  const next = (maxBytes: number): ReadStep => {
    if (left === 0) return { kind: 'caughtUp' }
    const count = Math.min(left, Math.floor(maxBytes / eventBytes))
    if (count === 0) return { kind: 'tooSmall', pendingEventBytes: eventBytes }
    left -= count
    const bytes = Buffer.alloc(count * eventBytes)
    return { kind: 'chunk', bytes, scn: 1n, endsWindow: true, onOverrun: undefined, release: () => undefined }
  }
  return {
    reader: {
      readsFrom,
      atWindowEnd: true,
      next: (maxBytes) => {
        asked.add(maxBytes)
        return readsFrom === 'memory' ? next(maxBytes) : setImmediate().then(() => next(maxBytes))
      },
      close: () => undefined,
    },
    filter: undefined,
    previousScn: undefined,
    begin: () => ({ kind: 'found' }),
    checkPlace: () => undefined,
    places: () => [],
    wait: () => () => undefined,
  }
}

async function readAll(windows: StreamWindows, gate: TurnGate): Promise<number> {
  const reading = new StreamReading({
    windows,
    request: REQUEST,
    gate,
    isOutdated: () => false,
    onWait: () => undefined,
  })
  while ((await reading.next()) !== undefined);
  return reading.sentBytes
}

test('what is read from files is asked for in small pieces, and all readers together ask for a bounded part in one turn', async () => {
  const [asked, gate] = [new Asked(), new TurnGate(WORK_BYTES)]
  const readers = Array.from({ length: 40 }, () => readAll(windowsOf(asked, 'files', 1000, KB), gate))
  await asked.run(Promise.all(readers))
  expect(await Promise.all(readers)).toEqual(readers.map(() => 1000 * KB))
  expect(Math.max(...asked.sizes)).toBe(PIECE_BYTES)
  // Work of a turn may come before and after it is counted.
  expect(asked.longestTurn).toBeLessThanOrEqual(2 * (WORK_BYTES + PIECE_BYTES))
})

test('what lies in memory is asked for in large pieces, without a turn', async () => {
  const [asked, gate] = [new Asked(), new TurnGate(WORK_BYTES)]
  expect(await readAll(windowsOf(asked, 'memory', 1000, KB), gate)).toBe(1000 * KB)
  expect(asked.sizes).toEqual([512 * KB, 512 * KB, 512 * KB])
})

test('events of files that are larger than a piece are asked for by their size from the first one on', async () => {
  const [asked, gate] = [new Asked(), new TurnGate(WORK_BYTES)]
  expect(await readAll(windowsOf(asked, 'files', 4, 100 * KB), gate)).toBe(400 * KB)
  expect(asked.sizes).toEqual([64 * KB, ...Array.from({ length: 5 }, () => 100 * KB)])
})
