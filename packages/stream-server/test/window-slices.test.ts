import { isEndOfPeriodAt } from '@aesop/event'
import { type ReadStep, type WindowChunk, type WindowReader } from '@aesop/reading'
import { expect, test } from 'vitest'
import { WindowSlices } from '../src/window-slices.ts'
import { FarWindows, windowBytes } from './support/served-windows.ts'

/** A reader whose chunks have several windows. */
class Chunks implements WindowReader {
  readonly scn = -1n
  readonly atWindowEnd = true
  readonly given: WindowChunk[] = []
  released = 0
  readonly #windows: readonly Buffer[]

  constructor(...windows: readonly Buffer[]) {
    this.#windows = windows
  }

  seek = (): { kind: 'found' } => ({ kind: 'found' })
  seekLatest = (): { kind: 'found' } => ({ kind: 'found' })
  close = (): void => undefined

  next(): ReadStep {
    if (this.given.length > 0) return { kind: 'caughtUp' }
    let isHeld = true
    const release = (): void => {
      if (isHeld) this.released++
      isHeld = false
    }
    const bytes = Buffer.concat(this.#windows)
    const chunk: WindowChunk = { kind: 'chunk', bytes, scn: 0n, endsWindow: true, onOverrun: undefined, release }
    this.given.push(chunk)
    return chunk
  }
}

const WINDOWS = [windowBytes(11n, [1, 2]), windowBytes(12n, []), windowBytes(13n, [3])] as const
const LARGE = 1 << 20

async function chunkOf(slices: WindowSlices, maxBytes = LARGE): Promise<WindowChunk> {
  const step = await slices.next(maxBytes)
  if (step.kind !== 'chunk') throw new Error(`no chunk: ${step.kind}`)
  return step
}

test('one window at a time comes of a chunk that has several, and the chunk is let go with the last', async () => {
  const reader = new Chunks(...WINDOWS)
  const slices = new WindowSlices(reader)
  for (const [at, window] of WINDOWS.entries()) {
    const slice = await chunkOf(slices)
    expect([slice.bytes, slice.scn, slice.endsWindow]).toEqual([window, 11n + BigInt(at), true])
    slice.release()
    expect(reader.released).toBe(at === WINDOWS.length - 1 ? 1 : 0)
  }
  expect((await slices.next(LARGE)).kind).toBe('caughtUp')
})

test('a window that has no room is cut between events, and an event that has none is told', async () => {
  const slices = new WindowSlices(new Chunks(WINDOWS[0]))
  const eventBytes = (WINDOWS[0].length - 61) / 2
  expect(await slices.next(eventBytes - 1)).toEqual({ kind: 'tooSmall', pendingEventBytes: eventBytes })
  const first = await chunkOf(slices, eventBytes + 1)
  expect([first.bytes.length, first.endsWindow]).toEqual([eventBytes, false])
  const rest = await chunkOf(slices)
  expect([rest.endsWindow, isEndOfPeriodAt(rest.bytes, eventBytes)]).toEqual([true, true])
})

test('who has the last slice hears that the memory is needed back', async () => {
  const reader = new Chunks(...WINDOWS)
  const slices = new WindowSlices(reader)
  const heard: string[] = []
  for (const name of ['first', 'second']) {
    const slice = await chunkOf(slices)
    slice.onOverrun = () => heard.push(name)
    slice.release()
  }
  reader.given[0]?.onOverrun?.()
  expect(heard).toEqual(['second'])
  slices.close()
  expect(reader.released).toBe(1)
})

test('nothing is held after the end, also of what comes late', async () => {
  const far = new FarWindows()
  far.windows.push({ scn: 11n, bytes: WINDOWS[0] })
  const reader = far.openReader()
  await reader.seek(10n, -1)
  far.answersByItself = false
  const slices = new WindowSlices(reader)
  const late = slices.next(LARGE)
  slices.close()
  far.waiting[0]?.answer()
  expect([(await late).kind, far.held]).toEqual(['caughtUp', 0])
  expect((await slices.next(LARGE)).kind).toBe('caughtUp')
})
