import { type AesopError, type Logger, messageOf, ToldBefore } from '@aesop/kernel'
import { formatError, ScnInFutureError, ScnNotFoundError, ScnSpaceForeignError } from '@aesop/wire'
import { type ErrorRequestHandler, type Request } from 'express'

const PLACE_ERRORS = [ScnNotFoundError, ScnInFutureError, ScnSpaceForeignError]
/** How many places that are not to be had are remembered, so that each is logged once. */
const TOLD_MAX = 1_000

/** Answers requests that failed, and logs what is news. */
export class FailureAnswers {
  readonly #log: Logger
  readonly #told = new ToldBefore(TOLD_MAX)

  constructor(log: Logger) {
    this.#log = log
  }

  readonly send: ErrorRequestHandler = (error: unknown, request, response, next) => {
    this.note(error, `${request.method} ${request.path}`, peerOf(request))
    if (response.headersSent) {
      next(error)
      return
    }
    const { status, headers, body } = formatError(error)
    response.statusCode = status
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.end(body)
  }

  /** Logs what failed for whom. */
  note(error: unknown, what: string, peer: string): void {
    this.#log[this.#levelOf(error, peer)](`${what} failed: ${messageOf(error)}`)
  }

  /** A client that asks for what there is not asks again and again: each of its places is news once. */
  #levelOf(error: unknown, peer: string): 'warn' | 'debug' {
    if (!PLACE_ERRORS.some((known) => error instanceof known)) return 'debug'
    const { code, fields } = error as AesopError
    return this.#told.has(peer, code, String(fields['scn'])) ? 'debug' : 'warn'
  }
}

/** The address of a client: it comes from another port each time. */
export function peerOf(request: Request): string {
  return request.socket.remoteAddress ?? ''
}
