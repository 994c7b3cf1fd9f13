import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../support/free-port.ts'
import { LaunchedProcess } from '../support/launched-process.ts'
import { type Measured } from './measured.ts'
import { cpuSecondsOf } from './process-numbers.ts'
import { SOURCE } from './store-load.ts'

const READY_MS = 60_000
const WORKER = join(import.meta.dirname, 'bootstrap-reader-worker.ts')
const run = promisify(execFile)

/** What readers of a process of their own take of a bootstrap server. */
export interface ReadingJob {
  readonly port: number
  readonly source: string
  readonly readers: number
  /** That each of them gets. */
  readonly rows: number
}

/** A bootstrap server as a process, and readers that take a whole snapshot of it. */
export class Readings implements AsyncDisposable {
  readonly #port: number
  readonly #server: LaunchedProcess

  private constructor(port: number, server: LaunchedProcess) {
    this.#port = port
    this.#server = server
  }

  /** @param file of the store */
  static async start(folder: string, file: string): Promise<Readings> {
    const port = await freePort()
    writeFileSync(join(folder, 'bootstrap.yaml'), BEANS)
    writeFileSync(join(folder, 'bootstrap-config.yaml'), serverOf(port, file))
    const server = LaunchedProcess.start([join(folder, 'bootstrap.yaml'), '--admin', 'off'], {}, folder)
    await server.untilReady(READY_MS)
    return new Readings(port, server)
  }

  /** @returns seconds from the first question to the last answer, and what the server took of a processor */
  async take(readers: number, rows: number): Promise<Measured> {
    const job: ReadingJob = { port: this.#port, source: SOURCE, readers, rows }
    const before = cpuSecondsOf(this.#server.child.pid)
    const { stdout } = await run(process.execPath, ['--import', 'tsx', WORKER, JSON.stringify(job)])
    const { seconds } = JSON.parse(stdout) as { seconds: number }
    return { seconds, cpuSeconds: cpuSecondsOf(this.#server.child.pid) - before }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop()
  }
}

const BEANS = `beans:
  bootstrapInfo:
    class: BootstrapInfo
    properties: { applicationName: bench, projectsRoot: ., componentContainers: [bootstrap] }
`

function serverOf(port: number, file: string): string {
  return `beans:
  server:
    class: DefaultBootstrapServerFactory
    properties:
      bootstrapConfig: { bootstrapProperties: { databus.bootstrap.db.container.httpPort: ${port} } }
      store: { class: SqliteBootstrapStore, properties: { file: '${file}' } }
`
}
