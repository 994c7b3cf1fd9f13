import { type IncomingMessage } from 'node:http'
import { type HttpHost, parseHttpHost } from './http-host.ts'

/** Whom a request asks, and for what. */
export interface HttpRequestForm {
  /** Undefined in HTTP/1.0, which may leave it out: no browser speaks it. */
  readonly host: HttpHost | undefined
  /** Path and query. */
  readonly target: string
}

const TEXT_MAX = 200

/** Reads Host header and request line; an absolute request line (`GET http://host/path`) goes before the header. */
export function requestForm(request: IncomingMessage): HttpRequestForm | { readonly fault: string } {
  const { url = '', headers } = request
  const { host: header } = headers
  if (isHostTwice(request.rawHeaders)) return { fault: 'a request has one Host header, this one has more' }
  if (header === undefined && request.httpVersion === '1.1') return { fault: 'the request has no Host header' }
  const fromHeader = header === undefined ? undefined : parseHttpHost(header)
  if (header !== undefined && fromHeader === undefined) return { fault: `the Host header ${shown(header)} is no host` }
  if (url.startsWith('/') || url === '*') return { host: fromHeader, target: url }
  const absolute = /^https?:\/\/(?<authority>[^/?#]*)(?<target>[^#]*)/i.exec(url)?.groups
  const fromTarget = parseHttpHost(absolute?.['authority'] ?? '')
  if (fromTarget === undefined) return { fault: `the request asks for ${shown(url)}, expected a path` }
  const target = absolute?.['target'] ?? ''
  return { host: fromTarget, target: target.startsWith('/') ? target : `/${target}` }
}

/** Node keeps the first of several, where a proxy before it may have looked at the last. */
function isHostTwice(rawHeaders: readonly string[]): boolean {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') count++
  }
  return count > 1
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, TEXT_MAX))
}
