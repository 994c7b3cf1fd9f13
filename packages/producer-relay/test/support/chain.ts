import { type BeanContext, type Logger } from '@aesop/kernel'
import { MemoryEventProducer, PhysicalSourceConfig, type PhysicalSourceOptions } from '@aesop/producer'
import { RelayEventProducer } from '@aesop/producer-relay'
import {
  ProducerRegistration,
  Relay,
  type RelayAccessOptions,
  RelayConfig,
  type RelayPropertyValues,
} from '@aesop/relay'
import { onTestFinished } from 'vitest'
import { newFolder, removeFolder } from '../../../../test/support/test-folder.ts'
import { testLog } from '../../../../test/support/test-log.ts'
import { until } from '../../../../test/support/until.ts'
import { witness } from '../../../../test/support/witness.ts'

export const PERSON = { id: 40, name: 'com.x.Person', uri: 'or_test.person' }
export const ADDRESS = { id: 41, name: 'com.x.Address', uri: 'or_test.address' }
/** All that such a relay serves, `com.aesop.SchemaChange` last. */
const ALL_IDS = '40,41,32767'

export interface LinkOptions {
  readonly source?: Partial<PhysicalSourceOptions>
  readonly properties?: RelayPropertyValues
  readonly access?: RelayAccessOptions
  /** Folder of its state; left out: a new one. */
  readonly folder?: string
}

/** A relay of a chain. */
export class ChainLink {
  readonly folder: string
  readonly lines: string[] = []
  /** What ended it. */
  failure: (Error & { readonly code?: string }) | undefined
  readonly relay: Relay
  readonly producer: MemoryEventProducer | RelayEventProducer

  constructor(uri: string, { source = {}, properties = {}, access = {}, folder }: LinkOptions) {
    this.folder = folder ?? newTestFolder()
    const context = this.#context()
    const config = new PhysicalSourceConfig({ uri, name: 'test', sources: [PERSON, ADDRESS], ...source })
    const follows = uri.startsWith('relay:')
    this.producer = follows
      ? new RelayEventProducer({ physicalSourceConfig: config }, context)
      : new MemoryEventProducer()
    const registration = new ProducerRegistration({ eventProducer: this.producer, physicalSourceConfig: config })
    const relayProperties = { 'databus.relay.container.httpPort': 0, ...properties }
    const relayConfig = new RelayConfig({ relayProperties, ...access })
    this.relay = new Relay({ config: relayConfig, registrations: [registration], futureGraceMs: 0 }, context)
    witness('relay', () => ({ health: this.relay.health(), ...(this.relay.describe() as object) }))
  }

  get port(): number {
    return this.relay.address?.port ?? 0
  }
  get place(): string {
    return `127.0.0.1:${this.port}`
  }

  /** The bytes of all windows after an SCN, of all sources; −1: that it holds. */
  async bytes(afterScn = -1n, maxev = 0): Promise<Buffer> {
    const checkPoint =
      afterScn < 0n
        ? ''
        : `&checkPoint=${encodeURIComponent(`{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":${afterScn},"prevScn":${afterScn},"windowOffset":-1}`)}`
    const url = `http://${this.place}/stream?sources=${ALL_IDS}&size=100000000&output=binary&maxev=${maxev}${checkPoint}`
    const answer = await fetch(url)
    const fault = answer.headers.get('x-dbus-error')
    if (fault !== null) throw new Error(`${fault}: ${await answer.text()}`)
    return Buffer.from(await answer.arrayBuffer())
  }

  async text(path: string): Promise<string> {
    return (await fetch(`http://${this.place}${path}`)).text()
  }

  get lastScn(): bigint {
    return BigInt((this.relay.describe() as { buffer: { lastScn: string } }).buffer.lastScn)
  }

  async reaches(scn: bigint): Promise<void> {
    await until(
      `SCN ${scn}`,
      () => this.lastScn >= scn,
      10_000,
      () => ({ lastScn: this.lastScn, lines: this.lines }),
    )
  }

  #context(): BeanContext {
    const log = testLog('relay')
    const keep = (level: keyof Logger): Logger[keyof Logger] => {
      return (message, fields) => {
        this.lines.push(message)
        log[level](message, fields)
      }
    }
    return {
      id: 'relay',
      container: 'relay',
      log: { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') },
      signal: new AbortController().signal,
      projectsRoot: this.folder,
      stateDirectory: `${this.folder}/.aesop`,
      shared: new Map(),
      fail: (error) => (this.failure = error),
    }
  }
}

/** Starts a relay that is stopped at the end of the test. */
export async function startLink(uri: string, options: LinkOptions = {}): Promise<ChainLink> {
  const link = new ChainLink(uri, options)
  link.relay.init()
  onTestFinished(() => link.relay.stop())
  await link.relay.start()
  return link
}

/** A relay over a memory source, whose windows a test adds. */
export async function startOrigin(options: LinkOptions = {}): Promise<ChainLink & { producer: MemoryEventProducer }> {
  return (await startLink('memory:test', options)) as ChainLink & { producer: MemoryEventProducer }
}

function newTestFolder(): string {
  const folder = newFolder('chain')
  onTestFinished(() => {
    removeFolder(folder)
  })
  return folder
}
