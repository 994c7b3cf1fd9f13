import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ChangePath, type ChangePathOptions } from '../support/change-path.ts'
import { residentBytesOf } from './process-numbers.ts'
import { type Job, type Readers, type Report, SOURCE } from './readers-job.ts'

const LOOK_MS = 200
const WORKER = join(import.meta.dirname, 'readers-worker.ts')

/** A relay process without clients, and how it does. */
export class RelayUnderLoad implements AsyncDisposable {
  readonly path: ChangePath
  private constructor(path: ChangePath) {
    this.path = path
  }

  /** A relay of one source, which is `SOURCE` where the options name none. */
  static async start(options: Partial<ChangePathOptions> & Pick<ChangePathOptions, 'uri'>): Promise<RelayUnderLoad> {
    const relayProperties = [
      'databus.relay.container.maxStreams: 1000',
      'databus.relay.container.maxConnections: 1000',
      ...(options.relayProperties ?? []),
    ]
    const path = await ChangePath.create({ sources: [SOURCE], ...options, relayProperties })
    await path.startRelay()
    return new RelayUnderLoad(path)
  }

  /** Rows that its producer has made until now. */
  async rows(): Promise<number> {
    const address = `http://127.0.0.1:${this.path.relayPort}/containerStats/inbound/events/total`
    return ((await (await fetch(address)).json()) as { numDataEvents: number }).numDataEvents
  }

  /** @returns rows a second over a while */
  async rate(forMs: number): Promise<number> {
    const [rows, beganMs] = [await this.rows(), performance.now()]
    await delay(forMs)
    return (((await this.rows()) - rows) * 1000) / (performance.now() - beganMs)
  }

  get processId(): number | undefined {
    return this.path.relay?.child.pid
  }

  /** Its resident size now, in bytes. */
  get residentBytes(): number {
    return residentBytesOf(this.processId)
  }

  /** The most that it was in a while: what the engine has not collected yet counts. */
  async residentBytesDuring(forMs: number): Promise<number> {
    let most = 0
    for (let looks = forMs / LOOK_MS; looks > 0; looks--) {
      most = Math.max(most, this.residentBytes)
      await delay(LOOK_MS)
    }
    return most
  }

  /** Readers in a process of their own. */
  read(readers: readonly Readers[], job: Omit<Job, 'port' | 'readers'> = {}): ReadersProcess {
    return new ReadersProcess({ port: this.path.relayPort, readers, ...job })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.path[Symbol.asyncDispose]()
  }
}

/** Readers of `readers-worker.ts`. */
export class ReadersProcess {
  readonly child
  readonly #output: Promise<string>

  constructor(job: Job) {
    const args = ['--import', 'tsx', WORKER, JSON.stringify(job)]
    this.child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#output = new Promise((resolve) => {
      let text = ''
      this.child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more))
      this.child.once('close', () => {
        resolve(text)
      })
    })
  }

  /** When all of a bounded job have come to their end. @throws as `end` */
  async done(): Promise<Report> {
    return this.#checked()
  }

  /** Ends them. @throws Error when one was refused, or a window did not follow the one before */
  async end(): Promise<Report> {
    this.child.stdin.end('end\n')
    return this.#checked()
  }

  async #checked(): Promise<Report> {
    const report = JSON.parse(await this.#output) as Report
    const broken = report.readers.find(({ fault }) => fault !== '')
    if (broken !== undefined) throw new Error(`a ${broken.kind} reader: ${broken.fault}`)
    return report
  }
}
