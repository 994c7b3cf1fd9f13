import { HttpGuard, type HttpGuardRules, Secret, tokenFault } from '@aesop/kernel'
import { type IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'

const TOKEN = 'a-token-of-16-and-more'
const SOCKET = { remoteAddress: '10.9.9.9' }

/** A request as node:http gives it, as far as a guard looks at it. */
function requestOf(headers: Record<string, string>, socket: object = SOCKET): IncomingMessage {
  const all = { host: '127.0.0.1:9000', ...headers }
  const rawHeaders = Object.entries(all).flat()
  return { url: '/', method: 'GET', httpVersion: '1.1', headers: all, rawHeaders, socket } as unknown as IncomingMessage
}

const guardOf = (rules: Partial<HttpGuardRules>, now?: () => number) =>
  new HttpGuard({ host: '0.0.0.0', ...rules }, undefined, now)
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

test('a connection that showed the token is not slowed by the failures of others at its address', () => {
  const guard = guardOf({ token: new Secret(TOKEN) }, () => 0)
  const reason = (token: string, socket: object) => guard.check(requestOf(bearer(token), socket)).refusal?.reason
  const known = { ...SOCKET }
  expect(reason(TOKEN, known)).toBeUndefined()
  for (let n = 0; n < 20; n++) reason(`wrong-${n}`, { ...SOCKET })
  expect(reason(TOKEN, { ...SOCKET })).toBe('slowed')
  expect(reason(TOKEN, { remoteAddress: '10.9.9.8' })).toBeUndefined()
  expect(reason(TOKEN, known)).toBeUndefined()
  // One that begins to guess is an address like others.
  expect([reason('wrong', known), reason(TOKEN, known)]).toEqual(['token-wrong', 'slowed'])
})

test('requests without a token are no attempts: they slow nobody', () => {
  const guard = guardOf({ token: new Secret(TOKEN) }, () => 0)
  for (let n = 0; n < 100; n++) expect(guard.check(requestOf({})).refusal?.reason).toBe('token-missing')
  expect(guard.check(requestOf(bearer(TOKEN))).refusal).toBeUndefined()
})

test('the page of a proxy with TLS, which asks under the address, may ask when its name is one of hosts', () => {
  const page = requestOf({ origin: 'https://admin.example' })
  expect(guardOf({ isInsecure: true }).check(page).refusal?.reason).toBe('origin')
  expect(guardOf({ isInsecure: true, hosts: ['Admin.example'] }).check(page).refusal).toBeUndefined()
})

test.each([
  ['http://localhost', 'localhost', undefined],
  ['http://localhost', 'localhost:80', undefined],
  ['https://localhost', 'localhost:443', undefined],
  ['https://localhost', 'localhost', undefined],
  ['http://localhost:80', 'localhost:9000', 'origin'],
  ['http://localhost:9000', 'localhost', 'origin'],
  ['http://[::1]:9000', '[::1]:9000', undefined],
  ['file://', 'localhost', 'origin'],
  ['nothing', 'localhost', 'origin'],
  ['http://localhost, http://evil.example', 'localhost', 'origin'],
])('Origin %s at Host %s: %s', (origin, host, reason) => {
  expect(guardOf({ host: '127.0.0.1' }).check(requestOf({ origin, host })).refusal?.reason).toBe(reason)
})

test('what may listen: loopback always, elsewhere with a token, with peers, or when it was told to be insecure', () => {
  const cases: Partial<HttpGuardRules>[] = [
    {},
    { isInsecure: false, hosts: ['a'] },
    { token: new Secret(TOKEN) },
    { peers: ['10.0.0.0/8'] },
    { isInsecure: true },
    { host: '::1' },
  ]
  expect(cases.map((rules) => [guardOf(rules).mayListen, guardOf(rules).isOpen])).toEqual([
    [false, false],
    [false, false],
    [true, false],
    [true, false],
    [true, true],
    [true, false],
  ])
})

test('a token has 16 signs of ASCII and more', () => {
  expect(tokenFault('0123456789abcdef')).toBeUndefined()
  expect(tokenFault('0123456789abcde')).toContain('at least 16 characters')
  expect(tokenFault('0123456789 abcdef')).toContain('without spaces')
})

test('a command needs the token of everybody, and is refused where there is none', () => {
  const aim = { isAction: true, needsToken: true }
  const said = (rules: Partial<HttpGuardRules>, headers: Record<string, string>) => {
    const { refusal } = guardOf(rules).check(requestOf({ 'content-type': 'application/json', ...headers }), aim)
    return refusal && [refusal.status, refusal.reason]
  }
  const token = new Secret(TOKEN)
  const peers = ['10.9.9.0/24']
  expect(said({ token }, bearer(TOKEN))).toBeUndefined()
  expect(said({ token, peers }, {})).toEqual([401, 'token-missing'])
  expect(said({ token, peers }, bearer('another-token-of-16'))).toEqual([401, 'token-wrong'])
  expect(said({ peers }, bearer(TOKEN))).toEqual([403, 'token-missing'])
  expect(said({ host: '127.0.0.1' }, {})).toEqual([403, 'token-missing'])
  expect(said({ token }, { ...bearer(TOKEN), 'content-type': 'text/plain' })).toEqual([415, 'content-type'])
})
