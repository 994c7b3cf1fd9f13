import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bootstrapCheckpoint, type BootstrapPlace, bootstrapPlaceOf, Checkpoint } from '@aesop/checkpoint'
import { type EventView } from '@aesop/event'
import { HttpGuard, silentLogger } from '@aesop/kernel'
import { SqliteStore, type StoreWriter } from '@aesop/bootstrap-store'
import { BootstrapServer } from '@aesop/bootstrap-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventOf, pieceOf, SCHEMA_CHANGE_ID } from '../../../test/support/stored-events.ts'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { type BootstrapConfig, newBootstrap } from '../src/bootstrap/bootstrap-state.ts'
import { Bootstrapper } from '../src/bootstrap/bootstrapper.ts'

/*
 * Another store takes the place of the one that a client reads, behind one address and with the same SCNs. Its ids of rows and
 * its ordinals are others: who went on where it stood would miss rows.
 */
const SPACE = 'space-1'
/** So long that a batch has one row or two. */
const TEXT = 'x'.repeat(600)
let folder: string
let writer: StoreWriter
let server: BootstrapServer

const path = (): string => join(folder, 'store', 'bootstrap.db')

beforeEach(async () => {
  folder = newFolder('replaced')
  const guard = new HttpGuard({ host: '127.0.0.1' }, silentLogger)
  await makeStore()
  server = new BootstrapServer({
    store: new SqliteStore({ path: path() }),
    host: '127.0.0.1',
    port: 0,
    guard,
    log: silentLogger,
  })
  await server.start()
})
afterEach(async () => {
  await server.stop()
  await writer.close()
  removeFolder(folder)
})

async function makeStore(): Promise<void> {
  writer = await new SqliteStore({ path: path() }).openWriter()
  await writer.declare({ name: 'shop', sources: ['shop.item'], schemaChangeId: SCHEMA_CHANGE_ID })
}

/** The keys are entered in this order, as rows of one window. */
async function write(scn: bigint, keys: readonly bigint[]): Promise<void> {
  const events = keys.map((key) => eventOf({ scn, key, value: TEXT }))
  await writer.writeWindows('shop', { scnSpace: SPACE, pieces: [pieceOf('shop.item', events)], endScn: scn })
  await writer.apply('shop', 1 << 20)
}

/** A store without a log up to this SCN, but the rows. */
async function seed(scn: bigint, keys: readonly bigint[]): Promise<void> {
  await writer.breakStream('shop', scn, SPACE)
  await writer.beginSeeding('shop.item', undefined)
  const bytes = Buffer.concat(keys.map((key) => eventOf({ scn, key, value: TEXT })))
  await writer.putChunk('shop.item', { bytes, atScn: scn, visibleScn: scn, next: undefined })
  while ((await writer.endSeeding('shop.item', 100)) === 'more');
}

async function replace(fill: () => Promise<void>): Promise<void> {
  await writer.close()
  rmSync(join(folder, 'store'), { recursive: true })
  await makeStore()
  await fill()
}

/** What the consumer has, how often it began, and what happens behind each batch. */
class Reader {
  readonly picture = new Set<bigint>()
  readonly faults: string[] = []
  begun = 0
  #stored: string | undefined

  async run(after: (place: BootstrapPlace) => Promise<void>): Promise<bigint> {
    const config: BootstrapConfig = {
      sources: ['shop.item'],
      servers: [server.address],
      retries: { initSleepMs: 0, sleepIncFactor: 1, sleepIncDeltaMs: 0, maxSleepMs: 1, maxRetryNum: 20 },
      retriesBeforeRestart: 2,
      onTooYoung: 'suspend',
      batchBytes: 2700,
    }
    const port = Number(server.address.split(':')[1])
    const bootstrapper = new Bootstrapper(newBootstrap(0n, SPACE, config), {
      registration: 'test',
      config,
      servers: [{ host: '127.0.0.1', port }],
      receiver: {
        begin: async (place) => {
          this.begun++
          this.picture.clear()
          this.#stored = bootstrapCheckpoint(place).format()
          return Promise.resolve()
        },
        take: (view) => {
          this.#take(view)
        },
        batchEnds: async (place) => {
          this.#stored = bootstrapCheckpoint(place).format()
          await after(place)
        },
        failed: () => undefined,
        brokeOff: () => bootstrapPlaceOf(Checkpoint.parse(this.#stored ?? '')),
      },
      filters: new Map(),
      eventBytesMax: 1 << 20,
      log: { ...silentLogger, warn: (_message, fields) => void this.faults.push(String(fields?.['code'])) },
      random: () => 0,
    })
    const end = await bootstrapper.run(new AbortController().signal)
    if (end.kind === 'suspended') throw end.error
    return end.scn
  }

  #take(view: EventView): undefined {
    this.picture.add(view.key as bigint)
  }
}

const ALL = [1n, 2n, 3n, 4n, 5n, 6n]

describe('a store that is replaced while a client', () => {
  it('is in its snapshot: the client begins anew, and has every row', async () => {
    await write(10n, ALL)
    await writer.activate('shop.item')
    const reader = new Reader()
    let places = 0
    const scn = await reader.run(async ({ phase, snapshotOffset }) => {
      if (phase !== 'snapshot' || snapshotOffset >= 6n || places++ > 0) return
      await replace(async () => {
        await write(10n, ALL.toReversed())
        await writer.activate('shop.item')
      })
    })
    expect([scn, [...reader.picture].sort()]).toEqual([10n, ALL])
    expect([places > 0, reader.begun]).toEqual([true, 2])
    expect(reader.faults).toContain('AESOP_BOOTSTRAP_OUTDATED')
  })

  it('is in its catch-up: the client begins anew, and has every row', async () => {
    await write(10n, [1n, 2n])
    await writer.activate('shop.item')
    const reader = new Reader()
    const log = async (): Promise<void> => {
      for (const key of [3n, 4n, 5n, 6n]) await write(8n + key, [key])
    }
    let [isWritten, isReplaced] = [false, false]
    const scn = await reader.run(async ({ phase, windowOffset }) => {
      if (phase === 'snapshot' && !isWritten) {
        isWritten = true
        await log()
      }
      if (phase !== 'catchup' || windowOffset < 3n || windowOffset >= 6n || isReplaced) return
      isReplaced = true
      await replace(async () => {
        await seed(10n, [2n, 1n])
        await log()
      })
    })
    expect([scn, [...reader.picture].sort()]).toEqual([14n, ALL])
    expect([isReplaced, reader.begun]).toEqual([true, 2])
    expect(reader.faults).toContain('AESOP_BOOTSTRAP_OUTDATED')
  })
})
