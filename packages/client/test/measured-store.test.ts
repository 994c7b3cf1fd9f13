import { Checkpoint, MemoryCheckpointStore } from '@aesop/checkpoint'
import { type HistogramName, type MeterName, type Meters, type Tracer } from '@aesop/kernel'
import { expect, test } from 'vitest'
import { MeasuredStore } from '../src/measured-store.ts'

/** Everything that was counted and told, in order. */
class Notes {
  readonly all: unknown[] = []
  readonly names: (MeterName | HistogramName)[] = []
  readonly meters: Meters = {
    counter: (named) => this.#made(named, { add: (count = 1) => this.all.push([named.name, count]) }),
    gauge: (named) => this.#made(named, { set: (value: number) => this.all.push([named.name, value]) }),
    histogram: (named) =>
      this.#made(named, { observe: (value: number) => this.all.push([named.name, value >= 0 && value < 60_000]) }),
    forget: () => undefined,
  }
  readonly tracer: Tracer = {
    startSpan: (name, attributes) => {
      this.all.push(['begins', name, attributes])
      return { end: (error) => this.all.push(['ends', error]) }
    },
  }

  #made<M>(named: MeterName, meter: M): M {
    this.names.push(named)
    return meter
  }
}

const begins = ['begins', 'aesop.checkpoint.save', { registration: 'people' }]
const saved = ['aesop_client_checkpoint_save_ms', true]
const failed = ['aesop_client_checkpoint_save_failures_total', 1]
const place = Checkpoint.online(5n)

test('a save that is done at once stays so, and its time is told', () => {
  const notes = new Notes()
  const kept = new MemoryCheckpointStore()
  expect(new MeasuredStore(kept, 'people', notes.meters, notes.tracer).save(place)).toBeUndefined()
  expect(kept.load()).toBe(place)
  expect(notes.all).toEqual([begins, saved, ['ends', undefined]])
  expect(notes.names.map(({ labels }) => labels)).toEqual([{ registration: 'people' }, { registration: 'people' }])
})

test('a save with a promise is told when it is fulfilled, not before', async () => {
  const notes = new Notes()
  let fulfil = (): void => undefined
  const late = { ...never, save: () => new Promise<void>((resolve) => (fulfil = resolve)) }
  const saving = new MeasuredStore(late, 'people', notes.meters, notes.tracer).save(place)
  expect(notes.all).toEqual([begins])
  fulfil()
  await saving
  expect(notes.all).toEqual([begins, saved, ['ends', undefined]])
})

const never = { load: () => undefined, clear: () => undefined }
const full = new Error('the disk is full')

test.each([
  [
    'throws',
    (): Promise<void> => {
      throw full
    },
  ],
  ['rejects', (): Promise<void> => Promise.reject(full)],
])('a save that %s is counted, its span has the error, and whoever asked gets it', async (_how, save) => {
  const notes = new Notes()
  const store = new MeasuredStore({ ...never, save }, 'people', notes.meters, notes.tracer)
  await expect((async () => store.save(place))()).rejects.toBe(full)
  expect(notes.all).toEqual([begins, failed, ['ends', full]])
})
