import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { Checkpoint } from '@aesop/checkpoint'
import { EventDecoder, type EventView } from '@aesop/event'
import { avroNormalForm, compileRowReader, type Row } from '@aesop/schema'
import { searchPage } from './searched-page.ts'

const SIZE_BYTES = 1 << 20
const EVENT_BYTES_MAX = 1 << 20

interface ServedSchema {
  readonly id: number
  readonly version: number
  readonly schema: string
}

/** One row as the client's consumer gets it. */
export interface ReceivedRow {
  readonly source: number
  readonly scn: bigint
  readonly opcode: string
  /** In the shape of the schema with the highest number that the client knows. */
  readonly row: Row
}

/**
 * A client as the unmodified Java client of Databus is, where it matters to a relay. It asks for sources and schemas when it has
 * connected, and never again on that connection; finds the schema of an event by the MD5 of the normal form that it computes
 * itself; reads rows in the shape of the schema with the highest number; polls over the connection that it has; and when
 * an event names a schema that it does not know it stands still, until its connection is closed.
 */
export class JavaLikeClient {
  readonly rows: ReceivedRow[] = []
  /** Connections made so far. */
  connections = 0
  /** Why it stands still. */
  stuck: string | undefined
  readonly #port: number
  readonly #sources: readonly string[]
  #agent: Agent | undefined
  #isClosed = true
  #ids: readonly number[] = []
  #byId = new Map<string, ServedSchema>()
  #latest = new Map<number, ServedSchema>()
  #checkpoint = Checkpoint.flexible()

  constructor(port: number, sources: readonly string[]) {
    this.#port = port
    this.#sources = sources
  }

  /** One turn of its loop: a poll, after what a new connection asks for. @returns whether it has schemas for its sources */
  async turn(): Promise<boolean> {
    if (this.#isClosed && !(await this.#connect())) return false
    const body = await this.#get(
      `/stream?protocolVersion=2&sources=${this.#ids.join()}&streamFromLatestScn=false` +
        `&checkPoint=${encodeURIComponent(this.#checkpoint.format())}&output=binary&size=${SIZE_BYTES}&maxev=2`,
    )
    this.#take(body)
    return true
  }

  close(): void {
    this.#agent?.destroy()
    this.#isClosed = true
  }

  async #connect(): Promise<boolean> {
    this.#agent?.destroy()
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1 })
    this.#isClosed = false
    this.connections++
    // What had come of a window comes again: the checkpoint is that of the window before.
    this.stuck = undefined
    const sources = JSON.parse((await this.#get('/sources?protocolVersion=2')).toString()) as {
      id: number
      name: string
    }[]
    this.#ids = this.#sources.map((name) => sources.find((each) => each.name === name)?.id ?? -1)
    const path = `/register?protocolVersion=2&sources=${this.#ids.join()}&compress=false`
    const schemas = JSON.parse((await this.#get(path)).toString()) as ServedSchema[]
    this.#learn(schemas)
    const isServed = new Set(schemas.map(({ id }) => id)).size >= this.#sources.length
    if (!isServed) this.close()
    return isServed
  }

  #learn(schemas: readonly ServedSchema[]): void {
    this.#byId = new Map(schemas.map((each) => [idOf(each.schema), each]))
    this.#latest = new Map()
    for (const each of [...schemas].sort((a, b) => a.version - b.version)) this.#latest.set(each.id, each)
  }

  async #get(path: string): Promise<Buffer> {
    const headers = { host: `localhost/127.0.0.1:${this.#port}` }
    const sent = request({
      host: '127.0.0.1',
      port: this.#port,
      path,
      headers,
      ...(this.#agent && { agent: this.#agent }),
    })
    sent.once('socket', (socket) => {
      if (!sent.reusedSocket) socket.once('close', () => (this.#isClosed = true))
    })
    sent.end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const body = Buffer.concat((await response.toArray()) as Buffer[])
    searchPage(path, Object.entries(response.headers), body.toString('latin1'), ['secret'])
    if (response.statusCode !== 200) throw new Error(`${path}: ${body.toString()}`)
    if (response.headers.connection === 'close') this.#isClosed = true
    return body
  }

  /** Rows count when their window is over; those of one that is cut come again. */
  #take(body: Buffer): void {
    const decoder = new EventDecoder(EVENT_BYTES_MAX)
    decoder.push(body)
    let window: ReceivedRow[] = []
    for (let view = decoder.next(); view !== undefined && this.stuck === undefined; view = decoder.next()) {
      if (view.isEndOfPeriod) {
        this.rows.push(...window)
        window = []
        this.#checkpoint = Checkpoint.online(view.scn)
      } else if (!view.isControl) {
        const row = this.#read(view)
        if (row !== undefined) window.push(row)
      }
    }
  }

  #read(view: EventView): ReceivedRow | undefined {
    const id = view.schemaId.toString('hex')
    const writer = this.#byId.get(id)
    const reader = this.#latest.get(view.sourceId)
    if (writer === undefined || reader === undefined) {
      this.stuck = `unable to find schema ${id}`
      return undefined
    }
    const written = compileRowReader(writer.schema)(view.bytes, view.valueOffset, view.end)
    const { scn, sourceId: source, opcode = '' } = view
    return { source, scn, opcode, row: this.#resolve(written, reader) }
  }

  /** Avro's resolution: the reader's fields, by name; one that was not written has the default that it must have. */
  #resolve(written: Row, { schema }: ServedSchema): Row {
    const { fields } = JSON.parse(schema) as { fields: { name: string; default?: unknown }[] }
    return Object.fromEntries(
      fields.map((field) => {
        if (!(field.name in written) && !('default' in field)) this.stuck = `field ${field.name} has no default`
        return [field.name, field.name in written ? written[field.name] : field.default]
      }),
    )
  }
}

function idOf(text: string): string {
  return createHash('md5')
    .update(avroNormalForm(text) ?? '', 'utf8')
    .digest('hex')
}
