import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { LaunchedProcess } from './launched-process.ts'
import { shownLevel } from './test-log.ts'
import { freePort } from './free-port.ts'
import { newFolder, removeFolder } from './test-folder.ts'

const CONSUMERS = resolve(import.meta.dirname, 'consumers.js')
const READY_DEADLINE_MS = 30_000

export interface ChangePathOptions {
  /** URI of the physical source. */
  readonly uri: string
  readonly sources: readonly string[]
  /** Export of `consumers.js`; default `LedgerFactory`. */
  readonly consumer?: string
  readonly bufferBytes?: number
  /** Layout of the events. Default 1. */
  readonly eventVersion?: 1 | 2
  /** Further lines of the `relayProperties`, `key: value` each. */
  readonly relayProperties?: readonly string[]
  readonly startFrom?: string
  /** Further physical sources of the relay, each as a flow mapping; the client reads none of them. */
  readonly further?: readonly string[]
  /** Further lines of the client's `clientProperties`, `key: value` each. */
  readonly clientProperties?: readonly string[]
  /** Further lines of the `clientConfig`, `key: value` each. */
  readonly clientConfig?: readonly string[]
  /** Where the client looks for its relay; default the port of this path's relay. A proxy may stand in between. */
  readonly relayPortForClient?: number
}

/**
 * A relay and a client as two processes of `aesop-launch`, with descriptors, checkpoints and max SCN in a temporary
 * folder, so that either can be killed and started again where it was.
 */
export class ChangePath implements AsyncDisposable {
  readonly folder: string
  readonly relayPort: number
  relay: LaunchedProcess | undefined
  client: LaunchedProcess | undefined
  /** What all clients of this path have printed, one incarnation after the other. */
  readonly output: string[] = []

  private constructor(folder: string, relayPort: number) {
    this.folder = folder
    this.relayPort = relayPort
  }

  static async create(options: ChangePathOptions): Promise<ChangePath> {
    const path = new ChangePath(newFolder('path'), await freePort())
    const beans = {
      relay: relayBeans(options, path.relayPort),
      client: clientBeans(options, options.relayPortForClient ?? path.relayPort),
    }
    path.#write('relay', { relay: beans.relay })
    path.#write('client', { client: beans.client })
    path.#write('both', beans)
    return path
  }

  /** @param options of `aesop-launch` */
  async startRelay(options: readonly string[] = []): Promise<void> {
    this.relay = this.#launch('relay', options)
    await this.relay.untilReady(READY_DEADLINE_MS)
  }

  /** Relay and client in one process, which is `client`. */
  async startTogether(): Promise<void> {
    this.client = this.#launch('both')
    await this.client.untilReady(READY_DEADLINE_MS)
  }

  async startClient(): Promise<void> {
    this.client = this.#launch('client')
    await this.client.untilReady(READY_DEADLINE_MS)
  }

  /** For the next start of the relay. */
  enlargeBuffer(bytes: number): void {
    const file = join(this.folder, 'relay', 'relay-config.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/(eventBuffer\.maxSize:) \d+/, `$1 ${bytes}`))
  }

  /** For the next reload, or start, of the relay: its physical sources behind the first one, each as a flow mapping. */
  setFurther(mappings: readonly string[]): void {
    const file = join(this.folder, 'relay', 'relay-config.yaml')
    const text = readFileSync(file, 'utf8').replace(/^ {8}- physicalSourceConfig: \{.*\n/gm, '')
    writeFileSync(file, text + furtherSources(mappings))
  }

  /** Ends the client and keeps what it printed. */
  async stopClient(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const code = (await this.client?.stop(signal)) ?? null
    this.output.push(...(this.client?.output ?? []))
    this.client = undefined
    return code
  }

  async stopRelay(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const code = (await this.relay?.stop(signal)) ?? null
    this.relay = undefined
    return code
  }

  /** Everything printed by clients so far, the running one's lines last. */
  get lines(): readonly string[] {
    return [...this.output, ...(this.client?.output ?? [])]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopClient()
    await this.stopRelay()
    removeFolder(this.folder)
  }

  #launch(name: string, options: readonly string[] = []): LaunchedProcess {
    const level = ['--log-level', shownLevel() ?? 'info']
    return LaunchedProcess.start([join(this.folder, name, 'bootstrap.yaml'), ...level, ...options])
  }

  /** @param beans descriptors by the container that they are of */
  #write(name: string, beans: Readonly<Record<string, string>>): void {
    const folder = join(this.folder, name)
    mkdirSync(folder)
    writeFileSync(join(folder, 'bootstrap.yaml'), bootstrapBeans(name, Object.keys(beans)))
    for (const [container, text] of Object.entries(beans)) writeFileSync(join(folder, `${container}-config.yaml`), text)
  }
}

function bootstrapBeans(name: string, containers: readonly string[]): string {
  return `beans:
  bootstrapInfo:
    class: BootstrapInfo
    properties:
      applicationName: ${name} under test
      componentContainers: [${containers.join(', ')}]
`
}

function relayBeans(options: ChangePathOptions, port: number): string {
  return `beans:
  relay:
    class: DefaultRelayFactory
    properties:
      relayConfig:
        relayProperties:
          databus.relay.container.httpPort: ${port}
          databus.relay.eventBuffer.maxSize: ${options.bufferBytes ?? 64 * 1024 * 1024}
${(options.relayProperties ?? []).map((line) => `          ${line}\n`).join('')}      producerRegistrationList:
        - physicalSourceConfig:
            uri: ${options.uri}
            startFrom: ${options.startFrom ?? 'earliest'}
            eventVersion: ${options.eventVersion ?? 1}
            sources: [${options.sources.join(', ')}]
${furtherSources(options.further ?? [])}`
}

function furtherSources(mappings: readonly string[]): string {
  return mappings.map((mapping) => `        - physicalSourceConfig: ${mapping}\n`).join('')
}

function clientBeans(options: ChangePathOptions, relayPort: number): string {
  const properties = [
    'databus.client.connectionDefaults.pullerRetries.maxSleep: 500',
    ...(options.clientProperties ?? []),
  ]
  return `beans:
  client:
    class: DefaultClientFactory
    properties:
      clientConfig:
        clientProperties:
${properties.map((line) => `          ${line}`).join('\n')}
${(options.clientConfig ?? []).map((line) => `        ${line}\n`).join('')}        relayClientConfigs:
          - relayPort: ${relayPort}
      consumerRegistrationList:
        - id: under-test
          consumerFactory: { class: '${CONSUMERS}#${options.consumer ?? 'LedgerFactory'}' }
          logicalSources: [${options.sources.join(', ')}]
`
}
