import { type Chunk, SqliteStore, type StoreWriter, type WindowBatch } from '@aesop/bootstrap-store'
import { measured, type Measured } from './measured.ts'
import { BEGIN_SCN, SOURCE, SPACE, STREAM } from './store-load.ts'

const SWEEP_ROWS = 20_000
const APPLIED_BYTES = 1024 * 1024

/** A writer of a new store that has come to the window before all rows. */
async function begun(store: SqliteStore): Promise<StoreWriter> {
  const writer = await store.openWriter()
  await writer.declare(STREAM)
  await writer.breakStream(STREAM.name, BEGIN_SCN, SPACE)
  return writer
}

/** Seeds a new store, until its table is served. */
export async function seed(path: string, chunks: readonly Chunk[]): Promise<Measured> {
  const store = new SqliteStore({ path })
  const writer = await begun(store)
  await writer.beginSeeding(SOURCE, undefined)
  const took = await measured(async () => {
    for (const chunk of chunks) await writer.putChunk(SOURCE, chunk)
    while ((await writer.endSeeding(SOURCE, SWEEP_ROWS)) === 'more');
  })
  await writer.close()
  return took
}

/** Writes windows into a new store, and brings them into its table. */
export async function produce(path: string, batches: readonly WindowBatch[]): Promise<Measured> {
  const store = new SqliteStore({ path })
  const writer = await begun(store)
  await writer.activate(SOURCE)
  const took = await measured(async () => {
    for (const batch of batches) {
      await writer.writeWindows(STREAM.name, batch)
      await writer.apply(STREAM.name, APPLIED_BYTES)
    }
    for (let state = await writer.apply(STREAM.name, APPLIED_BYTES); state.appliedScn < state.logScn;)
      state = await writer.apply(STREAM.name, APPLIED_BYTES)
  })
  await writer.close()
  return took
}
