import { type AddressInfo } from 'node:net'
import { createServer, type ServerResponse } from 'node:http'
import { expect, onTestFinished, test, vi } from 'vitest'
import { HttpLink } from '../src/http-link.ts'

test('a relay may look for a place to begin for minutes: a log is long', async () => {
  let answer: (response: ServerResponse) => void = () => undefined
  const asked = new Promise<ServerResponse>((resolve) => (answer = resolve))
  const server = createServer((_request, response) => {
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    vi.useRealTimers()
    server.close()
  })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { port } = server.address() as AddressInfo
  const link = new HttpLink({ host: '127.0.0.1', port, token: undefined }, 'me')
  const { signal } = new AbortController()
  const found = link.startPlace([1], { kind: 'time', ms: 5 }, signal)
  const response = await asked
  vi.advanceTimersByTime(120_000)
  response.end('{"scn":7}')
  expect(await found).toMatchObject({ scn: 7n })
  link.close()
})
