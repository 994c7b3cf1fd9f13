import { type RequestHandler, type Response } from 'express'
import { ANSWER_HEADERS, type HttpGuard } from '@aesop/kernel'
import { AdminRequestRefusedError } from './admin-errors.ts'

const HEADERS = Object.entries(ANSWER_HEADERS)
/** Those who balance load have no token: for them health is one word. */
const WORDS: ReadonlySet<string> = new Set(['/health/live', '/health/ready'])

/** Lets those requests pass that may; what is neither GET nor HEAD is an action. */
export function guardRequests(guard: HttpGuard): RequestHandler {
  return (request, response, next) => {
    for (const [name, value] of HEADERS) response.setHeader(name, value)
    const isAction = request.method !== 'GET' && request.method !== 'HEAD'
    const verdict = guard.check(request, { isAction, wantsWord: !isAction && WORDS.has(request.path) })
    if (verdict.refusal !== undefined) {
      const { status, message, headers = {} } = verdict.refusal
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      throw new AdminRequestRefusedError(status, message)
    }
    request.url = request.originalUrl = verdict.target
    response.locals['isTrusted'] = verdict.isTrusted
    next()
  }
}

/** Whether details may be shown to whoever asked. */
export function isTrusted(response: Response): boolean {
  return response.locals['isTrusted'] === true
}
