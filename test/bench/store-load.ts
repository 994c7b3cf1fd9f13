import { type Chunk, type WindowBatch } from '@aesop/bootstrap-store'
import { eventOf } from '../support/stored-events.ts'

/** Events of some 160 bytes: a row of five columns. */
const VALUE = 'v'.repeat(100)
const CHUNK_ROWS = 16_384
const BATCH_WINDOWS = 8192

export const SOURCE = 'shop.item'
export const STREAM = { name: 'shop', sources: [SOURCE], schemaChangeId: 32_767 }
export const SPACE = 'bench'
/** Of the one window that is there before rows are entered. */
export const BEGIN_SCN = 10n

function eventsOf(from: number, rows: number, scnOf: (key: number) => bigint): Buffer {
  const keys = Array.from({ length: rows }, (_, at) => from + at)
  return Buffer.concat(keys.map((key) => eventOf({ scn: scnOf(key), key: BigInt(key), value: VALUE })))
}

/** A table of so many rows, as a reader of it gives it. */
export function chunksOf(rows: number): Chunk[] {
  const chunks: Chunk[] = []
  for (let from = 0; from < rows; from += CHUNK_ROWS) {
    const count = Math.min(CHUNK_ROWS, rows - from)
    const isLast = from + count === rows
    chunks.push({
      bytes: eventsOf(from, count, () => BEGIN_SCN),
      atScn: BEGIN_SCN,
      visibleScn: BEGIN_SCN,
      next: isLast ? undefined : String(from + count),
    })
  }
  return chunks
}

/** So many windows of one row each, of half as many keys, as a relay's windows come to the store. */
export function batchesOf(windows: number): WindowBatch[] {
  const batches: WindowBatch[] = []
  for (let from = 0; from < windows; from += BATCH_WINDOWS) {
    const count = Math.min(BATCH_WINDOWS, windows - from)
    const keys = Array.from({ length: count }, (_, at) => (from + at) % (windows / 2))
    const scnOf = (at: number): bigint => BEGIN_SCN + BigInt(from + at + 1)
    const events = keys.map((key, at) => eventOf({ scn: scnOf(at), key: BigInt(key), value: VALUE }))
    const endScn = scnOf(count - 1)
    const piece = { source: SOURCE, bytes: Buffer.concat(events), rows: count, firstScn: scnOf(0), lastScn: endScn }
    batches.push({ scnSpace: SPACE, pieces: [piece], endScn })
  }
  return batches
}
