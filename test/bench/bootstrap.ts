import { join } from 'node:path'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { BareStore } from './bare-store.ts'
import { blockingBootstrap } from './blocking.ts'
import { type BenchGroup, type Figure, ratioOf } from './figure.ts'
import { produce, seed } from './filled-store.ts'
import { measured, type Measured } from './measured.ts'
import { Readings } from './bootstrap-readings.ts'
import { seedings } from './seeded-server.ts'
import { batchesOf, chunksOf } from './store-load.ts'

/** Both divide by the rows of a statement of the bare store. */
const SEEDED_ROWS = 32 * 16_384
const WINDOWS = 48 * 8192
const READERS = [1, 4]
const TARGET_RATIO = 0.8

async function inFolder<Result>(work: (folder: string) => Result | Promise<Result>): Promise<Result> {
  const folder = newFolder('bench-bootstrap')
  try {
    return await work(folder)
  } finally {
    removeFolder(folder)
  }
}

function bare(work: (store: BareStore) => void): Promise<Measured> {
  return inFolder(async (folder) => {
    const store = new BareStore(join(folder, 'bare.db'))
    const took = await measured(() => {
      work(store)
    })
    store.close()
    return took
  })
}

interface Pair {
  readonly of: Measured[]
  readonly bare: Measured[]
}

/** Ours and the bare store in turn, so that both see the machine in the same state. */
async function inTurn(runs: number, of: () => Promise<Measured>, to: () => Promise<Measured>): Promise<Pair> {
  const pair: Pair = { of: [], bare: [] }
  for (let run = 0; run < runs; run++) {
    pair.of.push(await of())
    pair.bare.push(await to())
  }
  return pair
}

/** @param name `bootstrap.<what>`; @param count of what the rates count */
function compared(name: string, what: string, count: number, pair: Pair, target: number): Figure[] {
  const unit = `${what}/s`
  const [rate, cpu] = [`${what}PerSecond`, `${what}PerCpuSecond`]
  const figure = (of: string, all: readonly Measured[], field: keyof Measured): Figure => ({
    name: `${name}.${of}`,
    unit,
    runs: all.map((each) => count / each[field]),
  })
  const of = { ...figure(rate, pair.of, 'seconds'), target }
  const to = figure(`bare.${rate}`, pair.bare, 'seconds')
  const [ofCpu, toCpu] = [figure(cpu, pair.of, 'cpuSeconds'), figure(`bare.${cpu}`, pair.bare, 'cpuSeconds')]
  return [
    of,
    to,
    ratioOf(`${name}.ratioToBare`, of, to, TARGET_RATIO),
    ofCpu,
    toCpu,
    ratioOf(`${name}.cpuRatioToBare`, ofCpu, toCpu, TARGET_RATIO),
  ]
}

async function seeding(runs: number): Promise<Figure[]> {
  const chunks = chunksOf(SEEDED_ROWS)
  const pair = await inTurn(
    runs,
    () => inFolder((folder) => seed(join(folder, 'store.db'), chunks)),
    () =>
      bare((store) => {
        store.insert(chunks)
      }),
  )
  return compared('bootstrap.seed', 'rows', SEEDED_ROWS, pair, 300_000)
}

async function producing(runs: number): Promise<Figure[]> {
  const batches = batchesOf(WINDOWS)
  const pair = await inTurn(
    runs,
    () => inFolder((folder) => produce(join(folder, 'store.db'), batches)),
    () =>
      bare((store) => {
        store.log(batches)
      }),
  )
  return compared('bootstrap.produce', 'windows', WINDOWS, pair, 100_000)
}

/** One store, filled once: it is read by a server's readers and by the bare engine in turn. */
function serving(wants: (name: string) => boolean, runs: number): Promise<Figure[]> {
  return inFolder(async (folder) => {
    const file = join(folder, 'store.db')
    await seed(file, chunksOf(SEEDED_ROWS))
    await using readings = await Readings.start(folder, file)
    const store = new BareStore(file)
    const figures: Figure[] = []
    for (const readers of READERS) {
      const name = `bootstrap.serve${readers === 1 ? '' : `.${readers}`}`
      if (!wants(`${name}.rowsPerSecond`)) continue
      const pair = await inTurn(
        runs,
        () => readings.take(readers, SEEDED_ROWS),
        () =>
          measured(() => {
            for (let reader = 0; reader < readers; reader++) store.read()
          }),
      )
      figures.push(...compared(name, 'rows', SEEDED_ROWS * readers, pair, 300_000))
    }
    store.close()
    return figures
  })
}

/** A bootstrap store and what stands around it, beside the bare speed of its engine; and a bootstrap without one. */
export const bootstrap: BenchGroup = {
  prefix: 'bootstrap',
  async measure(wants, runs) {
    const figures: Figure[] = []
    if (wants('bootstrap.seed')) figures.push(...(await seeding(runs)))
    if (READERS.some((count) => wants(`bootstrap.serve${count === 1 ? '' : `.${count}`}.rowsPerSecond`)))
      figures.push(...(await serving(wants, runs)))
    if (['', '.4', '.bare'].some((part) => wants(`bootstrap.blocking${part}.rowsPerSecond`)))
      figures.push(...(await blockingBootstrap(runs)))
    if (wants('bootstrap.produce')) figures.push(...(await producing(runs)))
    figures.push(...(await seedings(wants, runs)))
    return figures
  },
}
