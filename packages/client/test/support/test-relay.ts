import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import { type Checkpoint } from '@aesop/checkpoint'
import { type LogicalSource } from '@aesop/event'
import { type HttpGuard } from '@aesop/kernel'
import {
  formatError,
  formatSchemas,
  formatStartPlace,
  formatSources,
  headers,
  parseRegisterRequest,
  parseRequest,
  parseStartPlaceRequest,
  parseStreamRequest,
  TokenRefusedError,
  ScnInFutureError,
  ScnNotFoundError,
  type SourceSchema,
  type StartPlaceRequest,
  type StreamRequest,
  UnknownCommandError,
} from '@aesop/wire'
import { PERSON, PERSON_SCHEMA, type TestChange, type TestRow, type TestWindow, windowOf } from './person-stream.ts'

/** What goes wrong with one answer of `/stream`. */
export type StreamFault =
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'end-early'; readonly afterBytes: number }
  | { readonly kind: 'flip'; readonly atByte: number }
  | { readonly kind: 'stall' }
  | { readonly kind: 'stall-after'; readonly bytes: number }
  | { readonly kind: 'error'; readonly error: Error }
  | { readonly kind: 'trailer'; readonly error: Error }
  /** The end of the newest window once more, whatever was asked for. */
  | { readonly kind: 'repeat' }
  /** Nothing but the word that an event of so many bytes is waiting. */
  | { readonly kind: 'pending'; readonly bytes: number }

/** A relay over a list of windows that does as it is told: also cut, stall, lie and fall back. */
export class TestRelay {
  readonly windows: TestWindow[] = []
  sources: LogicalSource[] = [PERSON]
  schemas: SourceSchema[] = [{ id: PERSON.id, version: 1, schema: PERSON_SCHEMA }]
  /** Whether it knows the parameter `follow`; a plain Databus relay does not. */
  follows = true
  /** The SCN after which it holds everything; what is older is gone. */
  prevScn = 0n
  /** Whether it tells a client without a place where its answer begins; a plain Databus relay does not. */
  tellsPreviousScn = false
  /** The SCN space that it tells; a plain Databus relay tells none. */
  scnSpace: string | undefined
  /** Taken by one `/stream` request each, the first first. */
  readonly faults: StreamFault[] = []
  /** Fault of every `/stream` request, when no other is due. */
  always: StreamFault | undefined
  /** What it tells of its physical sources; left out: it does not know the command. */
  physicalSources:
    readonly { readonly name: string; readonly sources: readonly { readonly name: string }[] }[] | undefined
  /** Left out: everybody may ask. */
  guard: HttpGuard | undefined
  /** Where somebody begins, by what was asked for; left out: it does not know the command. */
  startPlace: ((request: StartPlaceRequest) => bigint) | undefined
  readonly requests: StreamRequest[] = []
  /** The sources that each `/register` asked for. */
  readonly registered: (readonly number[])[] = []
  bytesSent = 0
  /** How often `/register` was asked. */
  get registers(): number {
    return this.registered.length
  }
  #server: Server | undefined
  readonly #waiting = new Set<() => void>()

  async start(port = 0): Promise<{ host: string; port: number }> {
    const server = createServer((request, response) => {
      void this.#answer(request, response)
    })
    this.#server = server
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    this.#wakeAll()
    await closed
  }

  append(scn: bigint, rows: readonly (TestRow | TestChange)[], schema?: string): void {
    this.windows.push(windowOf(scn, rows, schema))
    this.#wakeAll()
  }

  /** Forgets the oldest windows, as a relay whose buffer is full. */
  forgetThrough(scn: bigint): void {
    while ((this.windows[0]?.scn ?? scn + 1n) <= scn) this.windows.shift()
    this.prevScn = scn
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.scnSpace !== undefined) response.setHeader(headers.scnSpace, this.scnSpace)
    try {
      const refusal = this.guard?.check(request).refusal
      if (refusal) throw new TokenRefusedError(refusal.message, { fields: { status: refusal.status } })
      const { command, parameters } = parseRequest(request.url ?? '', request.headers)
      if (command === 'sources') response.end(formatSources(this.sources))
      else if (command === 'register') {
        const asked = parseRegisterRequest(parameters)
        this.registered.push(asked.sources ?? [])
        const schemas = this.schemas.filter(({ id }) => asked.sources?.includes(id) !== false)
        response.end(formatSchemas(schemas, asked))
      } else if (command === 'stream') await this.#stream(parseStreamRequest(parameters), response)
      else if (command === 'startPlace' && this.startPlace !== undefined) {
        const scn = this.startPlace(parseStartPlaceRequest(parameters))
        response.end(formatStartPlace({ scn, scnSpace: this.scnSpace }))
      } else if (command === 'physicalSources' && this.physicalSources !== undefined)
        response.end(JSON.stringify(this.physicalSources))
      else throw UnknownCommandError.of(command)
    } catch (error) {
      const answer = formatError(error)
      response.writeHead(answer.status, answer.headers).end(answer.body)
    }
  }

  async #stream(request: StreamRequest, response: ServerResponse): Promise<void> {
    this.requests.push(request)
    const fault = this.faults.shift() ?? this.always
    if (fault?.kind === 'error') throw fault.error
    if (fault?.kind === 'stall') return
    if (fault?.kind === 'pending') {
      response.setHeader(headers.pendingEventSize, fault.bytes)
      response.end()
      return
    }
    if (fault?.kind === 'repeat') {
      const last = this.windows.at(-1)
      response.end(last?.bytes.subarray(last.ends.at(-2) ?? 0))
      return
    }
    let next = this.#firstWindow(request)
    const until = Date.now() + (this.follows ? request.followMs : 0)
    let sent = 0
    if (this.tellsPreviousScn && request.checkpoint.isFlexible) {
      response.setHeader(headers.previousScn, String(this.prevScn))
    }
    if (fault?.kind === 'trailer') response.writeHead(200, { trailer: headers.error })
    for (;;) {
      for (; next < this.windows.length; next++) {
        const from = sent === 0 ? skipOf(request.checkpoint, this.windows[next]) : 0
        const bytes = (this.windows[next] as TestWindow).bytes.subarray(from)
        const fit = this.follows ? bytes : wholeEvents(this.windows[next] as TestWindow, from, request.sizeBytes - sent)
        if (!(await this.#write(response, fit, sent, fault))) return
        sent += fit.length
        if (fit.length < bytes.length) {
          if (sent === 0) response.setHeader(headers.pendingEventSize, (this.windows[next] as TestWindow).ends[0] ?? 0)
          response.end()
          return
        }
      }
      const leftMs = until - Date.now()
      if (leftMs <= 0 || response.destroyed || this.#server === undefined) break
      response.flushHeaders()
      await this.#change(leftMs)
    }
    if (fault?.kind === 'trailer') {
      const { headers: trailers } = formatError(fault.error)
      response.addTrailers({ ...trailers, [headers.responseCode]: '500' })
    }
    response.end()
  }

  async #write(
    response: ServerResponse,
    bytes: Buffer,
    sent: number,
    fault: StreamFault | undefined,
  ): Promise<boolean> {
    if (response.destroyed) return false
    let out = bytes
    if (fault?.kind === 'cut' && sent + bytes.length > fault.afterBytes) {
      await new Promise((resolve) => response.write(bytes.subarray(0, Math.max(1, fault.afterBytes - sent)), resolve))
      response.destroy()
      return false
    }
    if (fault?.kind === 'end-early' && sent + bytes.length > fault.afterBytes) {
      response.end(bytes.subarray(0, fault.afterBytes - sent))
      return false
    }
    if (fault?.kind === 'stall-after' && sent + bytes.length > fault.bytes) {
      response.write(bytes.subarray(0, fault.bytes - sent))
      return false
    }
    if (fault?.kind === 'flip' && fault.atByte >= sent && fault.atByte < sent + bytes.length) {
      out = Buffer.from(bytes)
      out[fault.atByte - sent] = (out[fault.atByte - sent] ?? 0) ^ 0x10
    }
    this.bytesSent += out.length
    if (out.length > 0 && !response.write(out)) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          response.off('drain', done).off('close', done)
          resolve()
        }
        response.on('drain', done).on('close', done)
      })
    }
    return true
  }

  #firstWindow(request: StreamRequest): number {
    const { checkpoint, fromLatestScn } = request
    const newest = this.windows.at(-1)?.scn ?? this.prevScn
    if (fromLatestScn) return Math.max(0, this.windows.length - 1)
    if (checkpoint.isFlexible) return 0
    if (checkpoint.windowScn > newest) throw ScnInFutureError.of(checkpoint.windowScn, newest)
    if (checkpoint.windowScn < this.prevScn) throw ScnNotFoundError.of(checkpoint.windowScn, this.prevScn)
    const after = this.windows.findIndex(({ scn }) =>
      checkpoint.isFullyConsumed ? scn > checkpoint.windowScn : scn >= checkpoint.windowScn,
    )
    return after < 0 ? this.windows.length : after
  }

  async #change(leftMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, leftMs)
      this.#waiting.add(done)
    })
  }
}

function skipOf(checkpoint: Checkpoint, window: TestWindow | undefined): number {
  if (window === undefined || checkpoint.isFullyConsumed || checkpoint.windowScn !== window.scn) return 0
  return window.ends[Number(checkpoint.windowOffset) - 1] ?? 0
}

function wholeEvents(window: TestWindow, from: number, sizeBytes: number): Buffer {
  const end = window.ends.filter((at) => at > from && at - from <= sizeBytes).at(-1)
  return window.bytes.subarray(from, end ?? from)
}
