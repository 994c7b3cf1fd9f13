import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { freePort } from './free-port.ts'
import { LaunchedProcess } from './launched-process.ts'
import { newFolder, removeFolder } from './test-folder.ts'

const READY_MS = 60_000
/** Little, so that who is away falls off soon. */
const BUFFER_BYTES = 1024 * 1024

export interface OraclePlan {
  /** Of the source's server. */
  readonly uri: string
  /** The bean of the store; `{file}` stands for a file in the folder of the run. */
  readonly store: string
  readonly sources: readonly string[]
  readonly servers: number
}

/** A relay, a bootstrap producer and bootstrap servers, each a process that can be killed and started again. */
export class OracleLaunch {
  readonly names: readonly string[]
  readonly relayPort: number
  readonly serverPorts: readonly number[]
  readonly folder = newFolder('bootstrap-oracle')
  readonly #running = new Map<string, LaunchedProcess>()
  readonly #adminPort: number

  private constructor(plan: OraclePlan, [relayPort = 0, adminPort = 0, ...serverPorts]: readonly number[]) {
    this.#adminPort = adminPort
    this.relayPort = relayPort
    this.serverPorts = serverPorts
    onTestFinished(() => this.stop())
    const store = plan.store.replace('{file}', join(this.folder, 'store.db'))
    const sources = plan.sources.join(', ')
    this.#write('relay', 'relay', relayOf(plan.uri, sources, relayPort))
    this.#write('producer', 'bootstrap-producer', producerOf(relayPort, sources, store))
    for (const [n, port] of serverPorts.entries()) this.#write(`server-${n}`, 'bootstrap', serverOf(port, store))
    this.names = ['relay', 'producer', ...serverPorts.map((_, n) => `server-${n}`)]
  }

  static async of(plan: OraclePlan): Promise<OracleLaunch> {
    const ports: number[] = []
    for (let n = 0; n < plan.servers + 2; n++) ports.push(await freePort())
    return new OracleLaunch(plan, ports)
  }

  async start(name: string): Promise<void> {
    if (this.#running.has(name)) return
    const admin = name === 'producer' ? String(this.#adminPort) : 'off'
    const process = LaunchedProcess.start(['bootstrap.yaml', '--admin', admin], {}, join(this.folder, name))
    this.#running.set(name, process)
    await process.untilReady(READY_MS)
  }

  async kill(name: string): Promise<void> {
    const process = this.#running.get(name)
    this.#running.delete(name)
    await process?.stop('SIGKILL')
  }

  /** Whether the store has come to what the relay has now, and all tables are served. */
  async hasSeeded(): Promise<boolean> {
    const [source] = await json<readonly { id: number }[]>(this.relayPort, 'physicalSources')
    const buffer = `bufferInfo/inbound/shop/${String(source?.id)}`
    const { maxScn } = await json<{ maxScn: number }>(this.relayPort, buffer)
    const [page] = await json<readonly ProducerPage[]>(this.#adminPort, 'admin/bootstrap')
    const sources = Object.values(page?.producers ?? {}).flatMap((report) => report.sources)
    return sources.every(({ status, appliedScn }) => status === 'ACTIVE' && BigInt(appliedScn) >= BigInt(maxScn))
  }

  /** What the producer says of its seedings, and the relay and the producer have said. */
  async told(): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.#adminPort}/admin/bootstrap`).catch(String)
    const page = typeof answer === 'string' ? answer : await answer.text()
    const said = ['relay', 'producer'].map((name) => this.#running.get(name)?.errors.slice(-3000) ?? '')
    return [page, ...said].join('\n')
  }

  /** Those that ended by themselves, with what they said. */
  get ended(): readonly string[] {
    const ended = [...this.#running].filter(([, { exitCode }]) => exitCode !== undefined)
    return ended.map(([name, { errors }]) => `${name}: ${errors.slice(-2000)}`)
  }

  async stop(): Promise<void> {
    for (const name of this.names) await this.kill(name)
    removeFolder(this.folder)
  }

  #write(name: string, container: string, descriptor: string): void {
    const folder = join(this.folder, name)
    mkdirSync(folder)
    writeFileSync(join(folder, `${container}-config.yaml`), descriptor)
    writeFileSync(
      join(folder, 'bootstrap.yaml'),
      `beans:
  bootstrapInfo:
    class: BootstrapInfo
    properties: { applicationName: ${name}, projectsRoot: ., componentContainers: [${container}] }
`,
    )
  }
}

function relayOf(uri: string, sources: string, port: number): string {
  return `beans:
  relay:
    class: DefaultRelayFactory
    properties:
      relayConfig:
        relayProperties:
          databus.relay.container.httpPort: ${port}
          databus.relay.eventBuffer.maxSize: ${BUFFER_BYTES}
          databus.relay.eventBuffer.queuePolicy: OVERWRITE_ON_WRITE
      producerRegistrationList:
        - physicalSourceConfig: { uri: '${uri}', name: shop, sources: [${sources}], startFrom: latest, lateReaders: { max: 0 } }
`
}

function producerOf(port: number, sources: string, store: string): string {
  return `beans:
  producer:
    class: DefaultBootstrapProducerFactory
    properties:
      relays: [{ relayPort: ${port} }]
      physicalSources: [{ name: shop, sources: [${sources}] }]
      store: ${store}
`
}

function serverOf(port: number, store: string): string {
  return `beans:
  server:
    class: DefaultBootstrapServerFactory
    properties:
      bootstrapConfig: { bootstrapProperties: { databus.bootstrap.db.container.httpPort: ${port} } }
      store: ${store}
`
}

/** What is looked at of `/admin/bootstrap`. */
interface ProducerPage {
  readonly producers: Readonly<Record<string, { readonly sources: readonly StoredSource[] }>>
}

interface StoredSource {
  readonly status: string
  readonly appliedScn: number | string
}

async function json<T>(port: number, path: string): Promise<T> {
  return (await (await fetch(`http://127.0.0.1:${port}/${path}`)).json()) as T
}
