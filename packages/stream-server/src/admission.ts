import { type HttpAim, type HttpGuard } from '@aesop/kernel'
import { headers, RequestFailedError, RequestRefusedError, TokenRefusedError } from '@aesop/wire'
import { type NextFunction, type Request, type RequestHandler, type Response } from 'express'
import { type Connections } from './connections.ts'
import { RequestOrder } from './request-order.ts'

export interface AdmissionOptions {
  readonly guard: HttpGuard
  readonly connections: Connections
  readonly healthPath: string
  /** The SCN space of all answers; undefined: not known, or not one for all. */
  readonly scnSpace: () => string | undefined
  readonly isStopping: () => boolean
  /** Answers whoever asks for health without a token. */
  readonly sendWord: (response: Response) => void
}

/** Which requests are answered, and when. */
export class Admission {
  readonly #options: AdmissionOptions
  readonly #order = new RequestOrder()

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** A connection that is one too many is told so; requests of one connection wait for each other. */
  readonly inTurn: RequestHandler = (request, response, next) => {
    const turn = this.#order.turn(request, response)
    if (turn === undefined) {
      this.#checkConnection(request, response)
      next()
    } else {
      void turn.then((comes) => {
        if (comes) next()
      })
    }
  }

  /** Those that may ask, of a server that does not stop. */
  readonly invited = (request: Request, response: Response, next: NextFunction): void => {
    const { healthPath, isStopping, sendWord } = this.#options
    const scnSpace = this.#options.scnSpace()
    const isTrusted = this.letIn(request, response, { wantsWord: request.path === `/${healthPath}` })
    // Positions are in many answers, in errors too: all of them say of which space they are.
    if (scnSpace !== undefined) response.setHeader(headers.scnSpace, scnSpace)
    if (isStopping()) response.setHeader('Connection', 'close')
    if (isStopping()) throw new RequestFailedError('the relay is stopping')
    // Whoever shows no token is told the word: whatever else is found by that path is not for them.
    if (isTrusted) next()
    else sendWord(response)
  }

  /** Lets a request pass that may. @returns whether it may see more than a word @throws RequestRefusedError, TokenRefusedError */
  letIn(request: Request, response: Response, aim: HttpAim): boolean {
    const verdict = this.#options.guard.check(request, aim)
    if (verdict.refusal === undefined) {
      request.url = request.originalUrl = verdict.target
      return verdict.isTrusted
    }
    const { status, message, headers: given = {} } = verdict.refusal
    for (const [name, value] of Object.entries(given)) response.setHeader(name, value)
    const isOfToken = status === 401 || status === 429 || status === 503
    const ofKind = isOfToken ? TokenRefusedError : RequestRefusedError
    throw new ofKind(message, { fields: { status } })
  }

  /** @throws RelayBusyError */
  #checkConnection({ socket }: Request, response: Response): void {
    try {
      this.#options.connections.check(socket)
    } catch (error) {
      response.setHeader('Connection', 'close')
      throw error
    }
  }
}
