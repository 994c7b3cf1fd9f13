import { join } from 'node:path'
import { type BeanContext } from '@aesop/kernel'
import { MemoryEventProducer, PhysicalSourceConfig } from '@aesop/producer'
import { type SnapshotChunk, type SnapshotReader, type SnapshotRequest } from '@aesop/reading'
import { ProducerRegistration, Relay, RelayConfig, type RelayPropertyValues } from '@aesop/relay'
import { onTestFinished } from 'vitest'
import { eventOf } from '../../../test/support/stored-events.ts'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { testLog } from '../../../test/support/test-log.ts'

export const ITEM = { id: 40, name: 'shop.item', uri: 'shop.item' }
export const ORDER = { id: 41, name: 'shop.order', uri: 'shop.order' }

export function folderOf(): string {
  const folder = newFolder('bootstrap')
  onTestFinished(() => {
    removeFolder(folder)
  })
  return folder
}

export function contextOf(folder: string): BeanContext {
  return {
    id: 'bootstrap',
    container: 'bootstrap',
    log: testLog('bootstrap'),
    signal: new AbortController().signal,
    projectsRoot: folder,
    stateDirectory: join(folder, '.aesop'),
    shared: new Map(),
    fail: (error) => {
      throw error
    },
  }
}

/** A table in a database whose changes reach a relay: what it has, and when. */
export class Shop {
  readonly rows = new Map<number, string>()
  readonly producer = new MemoryEventProducer()
  readonly relay: Relay
  scn = 0n
  /** How many chunks were read. */
  chunks = 0
  /** Called while a chunk is under way: between its place and its rows. */
  meanwhile: () => void = () => undefined
  #held: Promise<void> = Promise.resolve()

  constructor(properties: RelayPropertyValues = {}) {
    const config = new PhysicalSourceConfig({ uri: 'memory:shop', name: 'shop', sources: [ITEM, ORDER] })
    const registration = new ProducerRegistration({ eventProducer: this.producer, physicalSourceConfig: config })
    const relayConfig = new RelayConfig({ relayProperties: { 'databus.relay.container.httpPort': 0, ...properties } })
    const options = { config: relayConfig, registrations: [registration], futureGraceMs: 0 }
    this.relay = new Relay(options, contextOf(folderOf()))
  }

  async start(): Promise<this> {
    this.relay.init()
    onTestFinished(() => this.relay.stop())
    await this.relay.start()
    return this
  }

  /** Rows that were there before the relay: no event tells of them. */
  hasHad(rows: Readonly<Record<number, string>>): void {
    for (const [key, value] of Object.entries(rows)) this.rows.set(Number(key), value)
  }

  change(...changes: readonly (readonly [key: number, value: string | undefined])[]): void {
    this.scn += 10n
    for (const [key, value] of changes) {
      if (value === undefined) this.rows.delete(key)
      else this.rows.set(key, value)
    }
    const events = changes.map(([key, value]) => ({
      key,
      source: ITEM.name,
      value: Buffer.from(value ?? ''),
      opcode: value === undefined ? ('DELETE' as const) : ('UPSERT' as const),
    }))
    this.producer.addWindow(events, this.scn)
  }

  /** Reads a chunk of at most three keys; what comes between its place and its rows is in the rows. */
  get reader(): SnapshotReader {
    return {
      describe: (source) =>
        Promise.resolve({ source, key: ['id'], isKeyless: false, estimatedRows: this.rows.size, schema: '{}' }),
      readChunk: async (request) => {
        await this.#held
        return this.#chunk(request)
      },
    }
  }

  /** No chunk is read until what it returns is called. */
  holdChunks(): () => void {
    let go: () => void = () => undefined
    this.#held = new Promise((resolve) => (go = resolve))
    return go
  }

  #chunk({ source, after }: SnapshotRequest): SnapshotChunk {
    this.chunks++
    const atScn = this.scn
    this.meanwhile()
    const from = after === undefined ? -1 : Number(after)
    const keys = [...this.rows.keys()].filter((key) => key > from).toSorted((a, b) => a - b)
    const some = source === ITEM.name ? keys.slice(0, 3) : []
    const bytes = Buffer.concat(some.map((key) => eventOf({ scn: atScn, key: BigInt(key), value: this.rows.get(key) })))
    const isMore = source === ITEM.name && keys.length > 3
    return { bytes, rows: some.length, atScn, visibleScn: this.scn, ...(isMore ? { next: String(some.at(-1)) } : {}) }
  }
}
