import { messageOf, parseJson } from '@aesop/kernel'
import { ADMIN_PORT_DEFAULT, type CommonOptions, hostAndPort } from '@aesop/runtime'
import { AdminRefusedError, AdminUnreachableError } from './errors.ts'

const PAGE_MS = 10_000
/** A table that is to be seeded is looked at first, through the relay. */
const ACTION_MS = 120_000

/** Asks the admin server of a running process, with the token of `AESOP_ADMIN_TOKEN` where there is one. */
export class AdminQuestions {
  readonly url: string

  /** `--admin` says where; left out: where an admin server listens by itself. */
  constructor({ admin }: Pick<CommonOptions, 'admin'>) {
    const address = admin === undefined || admin === 'off' ? { host: '127.0.0.1', port: ADMIN_PORT_DEFAULT } : admin
    this.url = `http://${hostAndPort(address)}`
  }

  /** @throws AdminUnreachableError, AdminRefusedError */
  page(path: string): Promise<unknown> {
    return this.#ask(path, { signal: AbortSignal.timeout(PAGE_MS) })
  }

  /** @throws AdminUnreachableError, AdminRefusedError */
  act(bean: string, container: string, action: string, argument: object): Promise<unknown> {
    const path = `/admin/beans/${encodeURIComponent(bean)}/actions/${action}?container=${encodeURIComponent(container)}`
    const body = JSON.stringify(argument)
    const signal = AbortSignal.timeout(ACTION_MS)
    return this.#ask(path, { method: 'POST', body, signal, headers: { 'content-type': 'application/json' } })
  }

  async #ask(path: string, options: RequestInit): Promise<unknown> {
    const token = process.env['AESOP_ADMIN_TOKEN'] ?? ''
    const headers = {
      ...(options.headers as Record<string, string>),
      ...(token && { authorization: `Bearer ${token}` }),
    }
    const response = await fetch(`${this.url}${path}`, { ...options, headers }).catch((error: unknown) => {
      const cause: unknown = error instanceof Error ? (error.cause ?? error) : error
      throw new AdminUnreachableError(this.url, error, messageOf(cause))
    })
    const text = await response.text()
    if (response.ok) return parseJson(text)
    throw refusal(this.url, response.status, text)
  }
}

function refusal(url: string, status: number, text: string): AdminRefusedError {
  try {
    const { code, message, remedy } = parseJson(text) as Record<string, unknown>
    if (typeof message === 'string') {
      const named = typeof code === 'string' ? `${code}: ${message}` : message
      return new AdminRefusedError(named, typeof remedy === 'string' ? remedy : undefined)
    }
  } catch {
    // What stands there is no answer of an admin server.
  }
  return new AdminRefusedError(`${url} answered with the status ${status}`, undefined)
}
