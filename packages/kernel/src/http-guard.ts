import { createHash, timingSafeEqual } from 'node:crypto'
import { type IncomingMessage } from 'node:http'
import { messageOf } from './aesop-error.ts'
import { AddressRanges } from './address-ranges.ts'
import { AttemptLimit } from './attempt-limit.ts'
import { type Logger, type Metric, silentLogger } from './bean.ts'
import { isLoopback, parseHttpHost } from './http-host.ts'
import { type HttpRequestForm, requestForm } from './http-request-form.ts'
import { type SecretText } from './secret.ts'

/** Who may ask a server of the process, and under which names. */
export interface HttpGuardRules {
  /** The name or address that the server listens on. */
  readonly host: string
  /** Further names under which it is asked; each without a `hostNameFault`. */
  readonly hosts?: readonly string[]
  /** What requests must show as `Authorization: Bearer …`; without a `tokenFault`. */
  readonly token?: SecretText | undefined
  /** Ranges of addresses whose requests need no token; each without a `rangeFault`. */
  readonly peers?: readonly string[]
  /** Without a token and peers: lets everybody in who reaches an address beyond loopback. */
  readonly isInsecure?: boolean
}

/** Why a request was refused, as metrics and log lines say it. */
export const REFUSALS = [
  'request',
  'host',
  'origin',
  'site',
  'peer',
  'token-missing',
  'token-wrong',
  'token-unreadable',
  'slowed',
  'content-type',
] as const

export interface HttpRefusal {
  readonly status: 400 | 401 | 403 | 415 | 429 | 503
  readonly reason: (typeof REFUSALS)[number]
  /** What failed, for whoever asked. */
  readonly message: string
  /** Headers that belong to the status. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What the guard says of a request. */
export type HttpVerdict =
  | { readonly refusal: HttpRefusal }
  | {
      readonly refusal?: undefined
      /** Whether details may be shown; false only for a request that was said to want a word alone. */
      readonly isTrusted: boolean
      /** Path and query, also where the request named scheme and host before them. */
      readonly target: string
    }

/** What a request wants, as far as it matters here. */
export interface HttpAim {
  /** It changes something: its body must be JSON, which no page of another site sends unasked. */
  readonly isAction?: boolean
  /** It commands the server: it must show the token, whoever sends it, and is refused where there is none. */
  readonly needsToken?: boolean
  /** It may be answered by a word that anybody may know, so it needs no token. */
  readonly wantsWord?: boolean
}

/** Headers of every answer of a server: what it says is no document of a web page, and is kept by nobody. */
export const ANSWER_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

/** Shortest token that a server takes, in characters. */
export const TOKEN_LENGTH_MIN = 16
const ATTEMPTS = { burst: 20, refillMs: 3_000, networksMax: 10_000 } as const

/** What a token should be, that can not be used; undefined: it can. */
export function tokenFault(token: string): string | undefined {
  if (!/^[\x21-\x7e]*$/.test(token)) return 'letters, digits and signs of ASCII, without spaces'
  return token.length < TOKEN_LENGTH_MIN ? `at least ${TOKEN_LENGTH_MIN} characters, it has ${token.length}` : undefined
}

/** Decides once per request whether it may pass; the same for every HTTP server of the process. */
export class HttpGuard {
  readonly #rules: HttpGuardRules
  readonly #log: Logger
  readonly #names: ReadonlySet<string>
  readonly #peers: AddressRanges
  readonly #isLocal: boolean
  readonly #limit: AttemptLimit
  /** Bounds the log lines: whoever is refused again and again is told of now and then. */
  readonly #told: AttemptLimit
  readonly #refused = new Map<HttpRefusal['reason'], number>(REFUSALS.map((reason) => [reason, 0]))
  /** Connections whose last request showed the token: the failures of others at their address do not slow them. */
  readonly #proven = new WeakSet<object>()

  constructor(rules: HttpGuardRules, log: Logger = silentLogger, now?: () => number) {
    const attempts = now === undefined ? ATTEMPTS : { ...ATTEMPTS, now }
    this.#rules = rules
    this.#log = log
    this.#names = new Set([rules.host, ...(rules.hosts ?? [])].map((name) => name.toLowerCase().replace(/\.$/, '')))
    this.#peers = new AddressRanges(rules.peers ?? [])
    this.#isLocal = isLoopback(rules.host)
    this.#limit = new AttemptLimit(attempts)
    this.#told = new AttemptLimit(attempts)
  }

  /** Whether the server may listen: on loopback, or where somebody said who may ask. */
  get mayListen(): boolean {
    return this.#isLocal || this.#rules.token !== undefined || !this.#peers.isEmpty || this.isOpen
  }

  /** Whether everybody who reaches an address beyond loopback is let in. */
  get isOpen(): boolean {
    const { token, isInsecure = false } = this.#rules
    return isInsecure && !this.#isLocal && token === undefined && this.#peers.isEmpty
  }

  check(request: IncomingMessage, aim: HttpAim = {}): HttpVerdict {
    const peer = request.socket.remoteAddress ?? ''
    const verdict = this.#check(request, peer, aim)
    const { refusal } = verdict
    if (refusal === undefined) return verdict
    const { reason, message, status } = refusal
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
    if (this.#told.failed(peer)) {
      this.#log.warn(`a request from ${peer} was refused: ${message}`, { peer, reason, status })
    }
    return verdict
  }

  metrics(prefix: string): Metric[] {
    return [...this.#refused].map(([reason, value]) => ({
      name: `${prefix}_refused_requests_total`,
      help: 'Requests that were refused before they were looked at, by reason.',
      type: 'counter',
      value,
      labels: { reason },
    }))
  }

  #check(
    request: IncomingMessage,
    peer: string,
    { isAction = false, needsToken = false, wantsWord = false }: HttpAim,
  ): HttpVerdict {
    const form = requestForm(request)
    if ('fault' in form) return refuse(400, 'request', form.fault)
    const isKnownPeer = this.#peers.has(peer)
    const hasToken = this.#rules.token !== undefined
    const asksToken = hasToken && (needsToken || !isKnownPeer)
    const foreign = this.#foreignHost(form, asksToken) ?? this.#foreignPage(request, form)
    if (foreign !== undefined) return { refusal: foreign }
    const isTrusted = asksToken ? this.#showsToken(request, peer, wantsWord) : this.#isLetIn(isKnownPeer)
    if (typeof isTrusted === 'object') return { refusal: isTrusted }
    if (needsToken && !hasToken)
      return refuse(403, 'token-missing', 'a command needs a token, and the server has none: give it one')
    if (!isTrusted && !wantsWord) {
      return asksToken
        ? refuse(401, 'token-missing', 'no token was sent as "Authorization: Bearer …"', BEARER)
        : refuse(403, 'peer', `${peer} is in none of the ranges of peers`)
    }
    if (isAction && !isJson(request.headers['content-type'])) {
      return refuse(415, 'content-type', 'an action needs the header "Content-Type: application/json"')
    }
    return { isTrusted, target: form.target }
  }

  /** Without a token: on loopback everybody, elsewhere the peers, or everybody where that was said. */
  #isLetIn(isKnownPeer: boolean): boolean {
    return this.#isLocal || isKnownPeer || this.isOpen
  }

  /**
   * Whoever owns a name can point it at any address (DNS rebinding), so that a page of theirs asks in the name of the
   * person who looks at it. Where the page would need a token that it does not have, the name does not matter.
   */
  #foreignHost({ host }: HttpRequestForm, asksToken: boolean): HttpRefusal | undefined {
    if (host === undefined || (asksToken && !this.#isLocal)) return undefined
    const { name, isAddress } = host
    if (isAddress || isLoopback(name) || this.#names.has(name)) return undefined
    const message = `the server does not answer as ${JSON.stringify(name)}: hosts names what it is called besides its address`
    return { status: 403, reason: 'host', message }
  }

  #foreignPage({ headers }: IncomingMessage, { host }: HttpRequestForm): HttpRefusal | undefined {
    const { origin } = headers
    if (/\bcross-site\b/i.test(headers['sec-fetch-site'] ?? '')) {
      return { status: 403, reason: 'site', message: 'requests are not taken from pages of other sites' }
    }
    if (origin === undefined) return undefined
    const url = URL.canParse(origin) ? new URL(origin) : undefined
    const from = url === undefined ? undefined : parseHttpHost(url.host)
    const standard = url?.protocol === 'https:' ? 443 : 80
    const isSame = from?.name === host?.name && (from?.port ?? standard) === (host?.port ?? standard)
    const isNamed = from !== undefined && (this.#rules.hosts ?? []).some((name) => name.toLowerCase() === from.name)
    if (from !== undefined && (isSame || isNamed)) return undefined
    const message = `requests are not taken from pages of ${JSON.stringify(origin.slice(0, TEXT_MAX))}`
    return { status: 403, reason: 'origin', message }
  }

  /** Whether the request shows the token; a wrong one is refused, whatever it wants. */
  #showsToken({ headers, socket }: IncomingMessage, peer: string, wantsWord: boolean): boolean | HttpRefusal {
    const { authorization } = headers
    if (authorization === undefined) return false
    const waitMs = this.#proven.has(socket) ? 0 : this.#limit.waitMs(peer)
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000)
      const message = `too many wrong tokens came from ${peer}: the next one is looked at in ${seconds} s`
      return { status: 429, reason: 'slowed', message, headers: { 'Retry-After': String(seconds) } }
    }
    const token = this.#token()
    if (typeof token === 'object') return wantsWord ? false : token
    if (isSame(authorization.replace(/^bearer +/i, ''), token)) {
      this.#proven.add(socket)
      return true
    }
    this.#proven.delete(socket)
    this.#limit.failed(peer)
    return { status: 401, reason: 'token-wrong', message: 'the token is wrong', headers: BEARER }
  }

  /** The token as it is now. */
  #token(): string | HttpRefusal {
    const unreadable = { status: 503, reason: 'token-unreadable' } as const
    try {
      const token = this.#rules.token?.reveal() ?? ''
      const fault = tokenFault(token)
      return fault === undefined ? token : { ...unreadable, message: `the token of the server must be ${fault}` }
    } catch (error) {
      if (this.#told.failed('token')) {
        this.#log.error(`the token of the server can not be read: ${messageOf(error)}`, { error })
      }
      return { ...unreadable, message: 'the token of the server can not be read' }
    }
  }
}

const BEARER = { 'WWW-Authenticate': 'Bearer' } as const
/** Of texts that a request brings, in log lines and answers. */
const TEXT_MAX = 200

function refuse(
  status: HttpRefusal['status'],
  reason: HttpRefusal['reason'],
  message: string,
  headers: Readonly<Record<string, string>> = {},
): HttpVerdict {
  return { refusal: { status, reason, message, headers } }
}

function isJson(contentType: string | undefined): boolean {
  return /^\s*application\/json\s*(;|$)/i.test(contentType ?? '')
}

/** Takes the same time whatever the difference. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
