import { ANSWER_HEADERS, formatJson, type HttpGuard, type Logger } from '@aesop/kernel'
import { UnknownCommandError } from '@aesop/wire'
import express, { type Express, type Response } from 'express'
import { createServer, type Server, type ServerOptions } from 'node:http'
import { Admission } from './admission.ts'
import { Connections } from './connections.ts'
import { FailureAnswers } from './failure-answers.ts'
import { type ServerLimits } from './server-limits.ts'

const ANSWER_HEADERS_LIST = Object.entries(ANSWER_HEADERS)
const KEEP_ALIVE = { keepAliveTimeout: 65_000 } as const
const READ_CHECKS_MAX_MS = 1_000

/** Where an HTTP server of the platform listens, to whom it answers, and what it says of itself. */
export interface PageServerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Without its first slash. */
  readonly healthPath: string
  /** How long a request may take to arrive; 0: without a limit. */
  readonly readTimeoutMs: number
  readonly limits: ServerLimits
  readonly guard: HttpGuard
  /** The SCN space of all answers; undefined: not known, or not one for all. */
  readonly scnSpace: () => string | undefined
  readonly log: Logger
  /** Whether all is well, and in which state. */
  readonly status: () => { readonly good: boolean; readonly status: string; readonly message: string }
}

/** What stands before the pages of a server. */
export interface PageFront {
  readonly admission: Admission
  readonly connections: Connections
}

/** A server of pages: who may ask, how many at a time, in which order, and how failures are told. It knows no page but health. */
export class PageServer {
  readonly connections: Connections
  readonly http: Server
  readonly #options: PageServerOptions
  #isStopping = false

  /** @param addPages puts the pages that it is about behind those who may ask */
  constructor(options: PageServerOptions, addPages: (app: Express, front: PageFront) => void) {
    const { limits, log, readTimeoutMs } = options
    this.#options = options
    this.connections = new Connections(limits, log)
    const admission = this.#admission()
    const app = express()
    app.disable('x-powered-by').disable('etag').set('query parser', false)
    app.use((_request, response, next) => {
      response.setHeader('Content-Type', 'text/plain; charset=UTF-8')
      for (const [name, value] of ANSWER_HEADERS_LIST) response.setHeader(name, value)
      next()
    })
    app.use(admission.inTurn, admission.invited)
    addHealth(app, options)
    addPages(app, { admission, connections: this.connections })
    app.use((request) => {
      throw UnknownCommandError.of(request.path.slice(1))
    })
    app.use(new FailureAnswers(log).send)
    this.http = createServer({ ...readLimits(readTimeoutMs), ...KEEP_ALIVE }, app)
    this.connections.watch(this.http)
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  /** Requests are refused from now on. */
  stop(): void {
    this.#isStopping = true
  }

  /** @returns the port. Rejects with what the system says. */
  listen(): Promise<number> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.http.once('error', reject)
      this.http.listen(port, host, () => {
        this.http.off('error', reject)
        // Node emits what accept says (EMFILE), and a process ends by an error that nobody hears.
        this.http.on('error', (error) => {
          this.connections.acceptFailed(error)
        })
        const address = this.http.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
  }

  /** Closes every socket; resolves when the port is free. */
  async close(): Promise<void> {
    this.stop()
    if (!this.http.listening) return
    const closed = new Promise<void>((resolve) => {
      this.http.close(() => {
        resolve()
      })
    })
    this.http.closeAllConnections()
    await closed
  }

  #admission(): Admission {
    const { guard, healthPath, scnSpace, status } = this.#options
    return new Admission({
      guard,
      healthPath,
      connections: this.connections,
      scnSpace,
      isStopping: () => this.#isStopping,
      sendWord: (response) => {
        sendHealthWord(response, status().good)
      },
    })
  }
}

/** The word of health, which is for everybody who reaches the server. */
function sendHealthWord(response: Response, isGood: boolean): void {
  response.statusCode = isGood ? 200 : 503
  response.end(isGood ? 'GOOD\n' : 'BAD\n')
}

function addHealth(app: Express, { healthPath, status }: PageServerOptions): void {
  app.all(`/${healthPath}`, (_request, response) => {
    sendHealthWord(response, status().good)
  })
  app.all(`/${healthPath}/status`, (_request, response) => {
    const { good, status: state, message } = status()
    response.statusCode = good ? 200 : 503
    response.end(`${formatJson({ status: state, message })}\n`)
  })
}

/** Node looks for requests that take too long only every half minute, unless it is told to look more often. */
function readLimits(readTimeoutMs: number): ServerOptions {
  if (readTimeoutMs === 0) return { requestTimeout: 0, headersTimeout: 0 }
  const connectionsCheckingInterval = Math.min(READ_CHECKS_MAX_MS, Math.ceil(readTimeoutMs / 4))
  return { requestTimeout: readTimeoutMs, headersTimeout: readTimeoutMs, connectionsCheckingInterval }
}
