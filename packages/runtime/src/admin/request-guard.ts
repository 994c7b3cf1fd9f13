import { createHash, timingSafeEqual } from 'node:crypto'
import { type RequestHandler } from 'express'
import { isLoopback } from './admin-address.ts'
import { AdminRequestRefusedError } from './admin-errors.ts'

/** On loopback only names of this machine are answered: a page elsewhere could point a name of its own at it. */
export const guardHost: RequestHandler = (request, _response, next) => {
  const { host } = request.headers
  if (host !== undefined && !isLoopback(host.replace(/:\d+$/, ''))) {
    throw new AdminRequestRefusedError(403, `the admin server listens on loopback and does not answer as "${host}"`)
  }
  next()
}

/**
 * Lets actions (whatever is not GET or HEAD) pass only with the token, where there is one, and never from a page of
 * another site, which a browser would send without asking.
 */
export function guardActions(token: string | undefined): RequestHandler {
  return (request, _response, next) => {
    if (request.method === 'GET' || request.method === 'HEAD') {
      next()
      return
    }
    const { origin, host, authorization } = request.headers
    if (origin !== undefined && originHost(origin) !== host) {
      throw new AdminRequestRefusedError(403, `actions are not taken from pages of ${origin}`)
    }
    if (token !== undefined && !isSame(authorization ?? '', `Bearer ${token}`)) {
      const lack = authorization === undefined ? 'no token was sent' : 'the token is wrong'
      throw new AdminRequestRefusedError(401, `the action needs a Bearer token: ${lack}`)
    }
    next()
  }
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

/** Takes the same time whatever the difference. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
