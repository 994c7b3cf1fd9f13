import { parentPort, workerData } from 'node:worker_threads'
import { InvariantError } from '@aesop/kernel'
import { type Chunk, type StoreReader, type StoreWriter, type WindowBatch } from '../bootstrap-store.ts'
import { SqlStoreReader } from '../sql/sql-store-reader.ts'
import { SqlStoreWriter } from '../sql/sql-store-writer.ts'
import { checkTables, openTables } from '../sql/store-tables.ts'
import { SqliteSession } from './sqlite-session.ts'
import { alone, bufferOf, type ThreadAnswer, type ThreadCall, type ThreadData, thrownAcross } from './thread-message.ts'

/*
 * One connection to a SQLite store in a thread of its own: the database works synchronously, and nobody else may wait for it.
 */
const { path, mode, bounds } = workerData as ThreadData
const port = parentPort
if (port === null) throw new InvariantError('the thread of a store was begun as a process')

const side = open()
// Each call is told of it.
side.catch(() => undefined)
port.on('message', (call: ThreadCall) => {
  void answer(call).then((given) => {
    port.postMessage(given, bytesOf(given.result))
  })
})

async function open(): Promise<StoreWriter | StoreReader> {
  const session = new SqliteSession(path, mode)
  try {
    if (mode === 'reads') {
      await checkTables(session, path)
      return new SqlStoreReader(session)
    }
    await openTables(session, path)
    return new SqlStoreWriter(session, bounds)
  } catch (error) {
    session.close()
    throw error
  }
}

async function answer({ id, method, parameters }: ThreadCall): Promise<ThreadAnswer> {
  try {
    const target = (await side) as unknown as Record<string, (...given: readonly unknown[]) => unknown>
    const call = target[method]
    // The first call only asks whether the store could be opened.
    if (call === undefined) return { id }
    return { id, result: await call.apply(target, parameters.map(withBuffers)) }
  } catch (error) {
    return { id, error: thrownAcross(error) }
  }
}

/** Bytes of batches and chunks arrive as plain arrays. */
function withBuffers(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given
  if ('pieces' in given) {
    const batch = given as WindowBatch
    return { ...batch, pieces: batch.pieces.map((piece) => ({ ...piece, bytes: bufferOf(piece.bytes) })) }
  }
  return 'bytes' in given ? { ...given, bytes: bufferOf((given as Chunk).bytes) } : given
}

/** What an answer hands over instead of copying it. */
function bytesOf(result: unknown): ArrayBuffer[] {
  if (typeof result !== 'object' || result === null || !('bytes' in result)) return []
  const owned = alone(result.bytes as Buffer)
  Object.assign(result, { bytes: owned })
  return [owned.buffer as ArrayBuffer]
}
