import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SqliteStore, type SourceState, type StoreReader } from '@aesop/bootstrap-store'
import { onTestFinished } from 'vitest'
import { freePort } from './free-port.ts'
import { LaunchedProcess } from './launched-process.ts'
import { RELAY_TOKEN } from './markers.ts'
import { storePicture } from './store-picture.ts'
import { newFolder, removeFolder } from './test-folder.ts'
import { until } from './until.ts'

const READY_MS = 60_000
const SERVED_MS = 60_000
export const SOURCE = 'shop.item'

interface LaunchSettings {
  readonly uri: string
  readonly config: string
  /** What stands in the physical source of the relay. */
  readonly source: string
  /** Of the store, below the folder. */
  readonly file: string
}

const STORE = 'store.db'

/** Relay and bootstrap producer of `shop.item`, each a process that can be killed and started again. */
export class BootstrapLaunch {
  readonly folder = newFolder('bootstrap-launch')
  readonly #adminPort: number
  readonly #file: string
  readonly #running = new Map<string, LaunchedProcess>()

  private constructor(relayPort: number, adminPort: number, settings: LaunchSettings) {
    this.#adminPort = adminPort
    this.#file = settings.file
    onTestFinished(async () => {
      for (const process of this.#running.values()) if (process.exitCode === undefined) await process.stop('SIGKILL')
      removeFolder(this.folder)
    })
    for (const [container, descriptor] of [
      ['relay', relayOf(relayPort, settings)],
      ['bootstrap-producer', producerOf(relayPort, settings)],
    ] as const) {
      writeFileSync(join(this.folder, `${container}-config.yaml`), descriptor)
      writeFileSync(join(this.folder, `${container}.yaml`), bootstrapOf(container))
    }
  }

  /** @param config what stands in `bootstrapProducerConfig` */
  static async of(
    uri: string,
    config = '',
    more: Partial<Pick<LaunchSettings, 'source' | 'file'>> = {},
  ): Promise<BootstrapLaunch> {
    const settings = { uri, config, source: 'startFrom: latest', file: STORE, ...more }
    return new BootstrapLaunch(await freePort(), await freePort(), settings)
  }

  /** What the producer's process says of its health. */
  async health(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.#adminPort}/health/ready`)).text()
  }

  async start(container: 'relay' | 'bootstrap-producer'): Promise<LaunchedProcess> {
    const admin = container === 'relay' ? 'off' : String(this.#adminPort)
    const process = LaunchedProcess.start(
      [`${container}.yaml`, '--admin', admin],
      { AESOP_RELAY_TOKEN: RELAY_TOKEN },
      this.folder,
    )
    this.#running.set(container, process)
    await process.untilReady(READY_MS)
    return process
  }

  /** Runs `aesop-launch bootstrap …` against the running producer. */
  command(...args: readonly string[]): LaunchedProcess {
    const env = { AESOP_RELAY_TOKEN: RELAY_TOKEN }
    return LaunchedProcess.start(['bootstrap', ...args, '--admin', String(this.#adminPort)], env, this.folder)
  }

  async state(): Promise<SourceState | undefined> {
    return this.#read(async (reader) => (await reader.states([SOURCE]))[0])
  }

  /** Until the table is served, with all that the relay has given. */
  async isServed(): Promise<void> {
    await until('the table is served', async () => (await this.state())?.status === 'ACTIVE', SERVED_MS)
  }

  /** The values of its rows by their key, as a consumer gets them that begins now. */
  async picture(): Promise<Map<number, string>> {
    return this.#read((reader) => storePicture(reader, SOURCE))
  }

  async #read<Result>(use: (reader: StoreReader) => Promise<Result>): Promise<Result> {
    const store = new SqliteStore({ path: join(this.folder, this.#file) })
    try {
      return await use(await store.openReader())
    } finally {
      await store.close()
    }
  }
}

function bootstrapOf(container: string): string {
  return `beans:
  bootstrapInfo:
    class: BootstrapInfo
    properties:
      applicationName: ${container}
      projectsRoot: .
      stateDirectory: .aesop-${container}
      componentContainers: [${container}]
`
}

function relayOf(port: number, { uri, source }: LaunchSettings): string {
  return `beans:
  relay:
    class: DefaultRelayFactory
    properties:
      relayConfig: { relayProperties: { databus.relay.container.httpPort: ${port} } }
      producerRegistrationList:
        - physicalSourceConfig: { uri: '${uri}', name: shop, sources: [${SOURCE}], ${source} }
`
}

function producerOf(port: number, { config, file }: LaunchSettings): string {
  return `beans:
  producer:
    class: DefaultBootstrapProducerFactory
    properties:
      bootstrapProducerConfig: { ${config} }
      relays: [{ relayPort: ${port} }]
      physicalSources: [{ name: shop, sources: [${SOURCE}] }]
      store: { class: SqliteBootstrapStore, properties: { file: ${file} } }
`
}
