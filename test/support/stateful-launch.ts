import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { LaunchedProcess } from './launched-process.ts'
import { newFolder, removeFolder } from './test-folder.ts'

const CONSUMERS = resolve(import.meta.dirname, 'consumers.js')
const READY_DEADLINE_MS = 60_000

export interface StatefulOptions {
  readonly uri: string
  /** Logical sources, `database.table`. */
  readonly sources: readonly string[]
  readonly startFrom?: string
  readonly bufferBytes?: number
  readonly onTableFault?: 'stop' | 'quarantine'
  /** How long the client waits for a relay that is behind it. */
  readonly aheadPatienceMs?: number | undefined
}

/** How a command ended. */
export interface CommandEnd {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/**
 * A relay of the source `shop` and a client with the registration `people` in one process of `aesop-launch`, in a folder of
 * its own, so that it can be stopped, looked at and moved with `aesop-launch state`, and started again where it was.
 */
export class StatefulLaunch implements AsyncDisposable {
  readonly folder = newFolder('state')
  readonly bootstrap = join(this.folder, 'bootstrap.yaml')
  process: LaunchedProcess | undefined
  /** What consumers of ended processes have printed. */
  readonly #before: string[] = []

  constructor(options: StatefulOptions) {
    this.write(options)
  }

  /** Replaces the descriptors. */
  write({
    uri,
    sources,
    startFrom = 'earliest',
    bufferBytes = 64 * 1024 * 1024,
    onTableFault = 'stop',
    aheadPatienceMs = 30_000,
  }: StatefulOptions): void {
    const names = sources.join(', ')
    writeFileSync(
      this.bootstrap,
      `beans:\n  info: { class: BootstrapInfo, properties: { applicationName: shop, runtimeNature: standalone, componentContainers: [relay, client] } }\n`,
    )
    writeFileSync(
      join(this.folder, 'relay-config.yaml'),
      `beans:
  relay:
    class: DefaultRelayFactory
    properties:
      relayConfig:
        relayProperties: { databus.relay.container.httpPort: 0, databus.relay.eventBuffer.maxSize: ${bufferBytes} }
      producerRegistrationList:
        - physicalSourceConfig: { name: shop, uri: '${uri}', startFrom: '${startFrom}', startRetryMs: 1, onTableFault: ${onTableFault}, sources: [${names}] }
`,
    )
    writeFileSync(
      join(this.folder, 'client-config.yaml'),
      `beans:
  client:
    class: DefaultClientFactory
    properties:
      clientConfig: { aheadPatienceMs: ${aheadPatienceMs} }
      consumerRegistrationList:
        - { id: people, consumerFactory: { class: '${CONSUMERS}#LedgerFactory' }, logicalSources: [${names}] }
`,
    )
  }

  /** @param through see `LaunchedProcess.start` @param options of `aesop-launch` */
  async start(through: readonly string[] = [], options: readonly string[] = []): Promise<LaunchedProcess> {
    const launched = LaunchedProcess.start([this.bootstrap, ...options], {}, undefined, through)
    this.process = launched
    await launched.untilReady(READY_DEADLINE_MS)
    return launched
  }

  /** Starts what can't go on, and gives what it said when it had ended. */
  async startInVain(): Promise<CommandEnd> {
    const launched = LaunchedProcess.start([this.bootstrap])
    const end = await ended(launched)
    this.#before.push(...launched.output)
    return end
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.process?.stop(signal)
    this.#before.push(...(this.process?.output ?? []))
    this.process = undefined
  }

  /** Keys that consumers have been given until now, as `UPSERT 5`. */
  get changes(): string[] {
    const lines = [...this.#before, ...(this.process?.output ?? [])]
    return lines.map((line) => line.replace(/^(\S+) \S+ (\S+) .*$/, '$1 $2'))
  }

  /** Waits until a change has come. */
  async until(change: string): Promise<void> {
    await this.process?.untilOutput(() => this.changes.includes(change), 60_000)
  }

  /** `aesop-launch state <verb> <bootstrap> …` */
  state(verb: string, ...args: string[]): Promise<CommandEnd> {
    return ended(LaunchedProcess.start(['state', verb, this.bootstrap, ...args]))
  }

  /** A command as a remedy prints it, with the places that only its reader knows filled in. */
  remedy(printed: string, ...more: string[]): Promise<CommandEnd> {
    const words = printed.replace('<bootstrap.yaml>', this.bootstrap).split(/\s+/).slice(1)
    return ended(LaunchedProcess.start([...words, ...more]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
    removeFolder(this.folder)
  }
}

async function ended(launched: LaunchedProcess): Promise<CommandEnd> {
  const limit = setTimeout(() => launched.child.kill('SIGKILL'), 60_000)
  const code = await launched.untilExit()
  clearTimeout(limit)
  return { code, output: launched.output.join('\n'), errors: launched.errors }
}
