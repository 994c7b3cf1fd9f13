import { join } from 'node:path'
import { bootstrapCheckpoint, type BootstrapPlace, bootstrapPlaceOf, Checkpoint } from '@aesop/checkpoint'
import { EventView } from '@aesop/event'
import { HttpGuard, silentLogger } from '@aesop/kernel'
import { BootstrapServer } from '@aesop/bootstrap-server'
import { SqliteStore, type StoreWriter } from '@aesop/bootstrap-store'
import { formatBootstrapRequest } from '@aesop/wire'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventOf, pieceOf, SCHEMA_CHANGE_ID } from '../support/stored-events.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'

const MIB = 1024 * 1024
/** Of the table; `AESOP_SOAK_ROWS` says another number. */
const rows = rowsOf(process.env['AESOP_SOAK_ROWS'] ?? '20000000')
const CHUNK_ROWS = 10_000
const VALUE = 'v'.repeat(100)
const SOURCE = 'shop.item'
const BEGIN_SCN = 10n
/** What a phase may add to what the process had after a quarter of it: collected late, and not with the rows. */
const GROWTH_BYTES_MAX = 128 * MIB

function rowsOf(text: string): number {
  if (/^[1-9]\d{0,4}0000$/.test(text)) return Number(text)
  throw new Error(`AESOP_SOAK_ROWS is '${text}': a multiple of 10000 is expected, up to 999990000`)
}

/** Resident size while a phase goes on: the most in its first quarter, and in what follows. */
class Resident {
  #first = 0
  #later = 0
  at(part: number): void {
    const { rss } = process.memoryUsage()
    if (part <= 0.25) this.#first = Math.max(this.#first, rss)
    else this.#later = Math.max(this.#later, rss)
  }
  /** @throws AssertionError where it has grown */
  check(phase: string): void {
    const shown = (bytes: number): number => Math.round(bytes / MIB)
    console.log(
      `${phase} of ${rows} rows: ${shown(this.#first)} MiB in the first quarter, then ${shown(this.#later)} MiB`,
    )
    expect(this.#later - this.#first).toBeLessThan(GROWTH_BYTES_MAX)
  }
}

const eventsOf = (from: number, scn: (at: number) => bigint): Buffer[] =>
  Array.from({ length: CHUNK_ROWS }, (_, at) => eventOf({ scn: scn(at), key: BigInt(from + at), value: VALUE }))

let folder: string
let store: SqliteStore
let writer: StoreWriter

beforeAll(async () => {
  folder = newFolder('soak-bootstrap')
  store = new SqliteStore({ path: join(folder, 'bootstrap.db') })
  writer = await store.openWriter()
  await writer.declare({ name: 'shop', sources: [SOURCE], schemaChangeId: SCHEMA_CHANGE_ID })
  await writer.breakStream('shop', BEGIN_SCN, 'soak')
})
afterAll(async () => {
  await store.close()
  removeFolder(folder)
})

async function batch(address: string, place: BootstrapPlace): Promise<Buffer> {
  const path = formatBootstrapRequest([SOURCE], bootstrapCheckpoint(place), MIB)
  const response = await fetch(`http://${address}${path}`)
  return Buffer.from(await response.arrayBuffer())
}

/** Takes the whole snapshot. @returns how many rows came */
async function takeAll(address: string, startScn: bigint, resident: Resident): Promise<number> {
  let place: BootstrapPlace = {
    phase: 'snapshot',
    sinceScn: 0n,
    startScn,
    targetScn: -1n,
    snapshotSource: SOURCE,
    snapshotIndex: 0,
    snapshotOffset: 0n,
    catchupSource: SOURCE,
    catchupIndex: 0,
    windowScn: startScn,
    windowOffset: -1n,
  }
  const view = new EventView()
  let got = 0
  for (let before = -1; got > before && got < rows;) {
    before = got
    const bytes = await batch(address, place)
    for (let offset = 0; offset < bytes.length; offset = view.end) {
      if (!view.moveTo(bytes, offset).isControl) got++
      else place = bootstrapPlaceOf(Checkpoint.parse(view.value.toString())) ?? place
    }
    resident.at(got / rows)
  }
  return got
}

describe(`a bootstrap store of ${rows} rows`, () => {
  it('is seeded in bounded memory', async () => {
    const resident = new Resident()
    await writer.beginSeeding(SOURCE, undefined)
    for (let from = 0; from < rows; from += CHUNK_ROWS) {
      const bytes = Buffer.concat(eventsOf(from, () => BEGIN_SCN))
      const next = from + CHUNK_ROWS < rows ? String(from + CHUNK_ROWS) : undefined
      await writer.putChunk(SOURCE, { bytes, atScn: BEGIN_SCN, visibleScn: BEGIN_SCN, next })
      resident.at(from / rows)
    }
    while ((await writer.endSeeding(SOURCE, 20_000)) === 'more');
    resident.check('seeding')
  })

  it('takes windows of a tenth of its rows in bounded memory', async () => {
    const resident = new Resident()
    for (let from = 0; from < rows / 10; from += CHUNK_ROWS) {
      const scn = (at: number): bigint => BEGIN_SCN + BigInt(from + at + 1)
      const pieces = [pieceOf(SOURCE, eventsOf(from, scn))]
      await writer.writeWindows('shop', { scnSpace: 'soak', pieces, endScn: scn(CHUNK_ROWS - 1) })
      await writer.apply('shop', 4 * MIB)
      resident.at(from / (rows / 10))
    }
    let state = await writer.apply('shop', 4 * MIB)
    while (state.appliedScn < state.logScn) state = await writer.apply('shop', 4 * MIB)
    resident.check('producing')
  })

  it('is served, all of it, in bounded memory', async () => {
    const resident = new Resident()
    const host = '127.0.0.1'
    const guard = new HttpGuard({ host, hosts: [], peers: [], token: undefined, isInsecure: false }, silentLogger)
    const server = new BootstrapServer({ store, host, port: 0, guard, log: silentLogger })
    await server.start()
    try {
      const startScn = BEGIN_SCN + BigInt(rows / 10)
      expect(await takeAll(server.address, startScn, resident)).toBe(rows)
    } finally {
      await server.stop()
    }
    resident.check('serving')
  })
})
