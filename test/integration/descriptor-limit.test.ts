import { get, type IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { ShopServer } from '../support/shop-server.ts'
import { StatefulLaunch } from '../support/stateful-launch.ts'
import { until } from '../support/until.ts'
import { fetchSearched } from '../support/searched-page.ts'

/* Each connection is a file that the process has open: idle readers must not take those that it needs for its database. */

const OPEN_FILES = 200
const READERS = 300
const LIMITED = ['bash', '-c', `ulimit -n ${OPEN_FILES}; exec "$0" "$@"`]

/** One request over a connection of its own, which stays open as long as the relay lets it. */
class Reader {
  status: number | undefined
  error: unknown
  bytes = 0
  readonly #request

  constructor(address: string, path: string) {
    this.#request = get(`${address}${path}`, { agent: false }, (response: IncomingMessage) => {
      this.status = response.statusCode
      this.error = response.headers['x-dbus-error-cause']
      response.on('data', (chunk: Buffer) => (this.bytes += chunk.length))
      response.on('error', () => undefined)
    })
    this.#request.on('error', (error) => (this.error ??= error))
  }

  get isAnswered(): boolean {
    return this.status !== undefined || this.error !== undefined
  }

  leave(): void {
    this.#request.destroy()
  }
}

test('a relay with 200 open files refuses readers that are too many by name, and keeps its database and its readers', async () => {
  await using shop = await ShopServer.start('MariaDB')
  await shop.begin()
  await using launch = new StatefulLaunch({ uri: shop.server.uri(), sources: ['shop.item'] })
  const process = await launch.start(LIMITED)
  const address = /listens on (http:\S+)/.exec(process.errors)?.[1] ?? ''
  await shop.insert(1)
  await launch.until('UPSERT 1')
  const sources = JSON.parse(await textOf(`${address}/sources`)) as { id: number; name: string }[]
  const id = String(sources.find(({ name }) => name === 'shop.item')?.id)
  const follow = `/stream?sources=${id}&size=100000&output=binary&follow=600000`
  const readers = Array.from({ length: READERS }, () => new Reader(address, follow))
  await until('an answer for each reader', () => readers.every(({ isAnswered }) => isAnswered))
  const served = readers.filter(({ status }) => status === 200)
  const refused = readers.filter(({ status }) => status === 503)
  expect(served.length).toBeGreaterThan(OPEN_FILES / 2)
  expect(served.length).toBeLessThan(OPEN_FILES)
  expect(refused.length).toBeGreaterThan(0)
  expect(new Set(refused.map(({ error }) => error))).toEqual(new Set(['aesop.RelayBusyError']))

  // The database's connections are cut while all are there: it gets new ones.
  const threads = await shop.server.query<{ Id: number; User: string }>('SHOW PROCESSLIST')
  const lost = threads.filter(({ User }) => User === 'aesop')
  expect(lost.length).toBeGreaterThan(0)
  for (const { Id } of lost) await shop.server.query(`KILL ${Id}`)
  await shop.insert(2)
  await launch.until('UPSERT 2')
  const before = Math.min(...served.map(({ bytes }) => bytes))
  await shop.insert(3)
  await until('the row at each reader', () => served.every(({ bytes }) => bytes > before))

  for (const reader of readers) reader.leave()
  await until('room again', async () => (await statusOf(`${address}/sources`)) === 200)
  expect(process.exitCode).toBeUndefined()
  expect(await process.stop()).toBe(0)
})

async function textOf(url: string): Promise<string> {
  return (await fetchSearched(url)).text
}

async function statusOf(url: string): Promise<number | undefined> {
  const reader = new Reader(url, '')
  await until('an answer', () => reader.isAnswered)
  reader.leave()
  return reader.status
}
