import { type LocalConnection, type LocalRelay } from '@aesop/wire'
import { expect, it } from 'vitest'
import { DirectLink } from '../src/direct-link.ts'

it('a place that is looked for keeps nobody who stops, and is no failure of anybody later', async () => {
  let fail: (error: Error) => void = () => undefined
  const looking = new Promise<never>((_resolve, reject) => (fail = reject))
  const connection = { startPlace: () => looking } as Partial<LocalConnection> as LocalConnection
  const relay: LocalRelay = { host: 'here', port: 1, connect: () => connection } as Partial<LocalRelay> as LocalRelay
  const interrupt = new AbortController()
  const asked = new DirectLink(relay, 'me').startPlace([1], { kind: 'time', ms: 5 }, interrupt.signal)
  interrupt.abort()
  await expect(asked).rejects.toThrow()
  fail(new Error('the log was purged'))
  await expect(new DirectLink(relay, 'me').startPlace([1], { kind: 'time', ms: 5 }, interrupt.signal)).rejects.toThrow()
})
