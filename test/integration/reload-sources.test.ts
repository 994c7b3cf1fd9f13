import { once } from 'node:events'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { setTimeout as pace } from 'node:timers/promises'
import { EventDecoder } from '@aesop/event'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ChangePath } from '../support/change-path.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { until } from '../support/until.ts'

/*
 * Two physical sources of a real server under load: one of them comes, changes, goes and comes back by reload, and whoever reads the
 * other one does not notice.
 */
let server: MariadbServer
beforeAll(async () => {
  server = await MariadbServer.start()
  await server.query(`CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY AUTO_INCREMENT, n INT);
    CREATE DATABASE crm; CREATE TABLE crm.people (id INT PRIMARY KEY AUTO_INCREMENT, n INT)`)
})
afterAll(() => server.destroy())

const PACE_MS = 3

/** Inserts a row into both tables again and again, each by itself, as fast as a consumer prints them. */
class Load implements AsyncDisposable {
  written = 0
  readonly #done: Promise<void>
  #isEnding = false

  constructor() {
    this.#done = this.#run()
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      await server.query('INSERT INTO shop.orders (n) VALUES (1); INSERT INTO crm.people (n) VALUES (1)')
      this.written++
      await pace(PACE_MS)
    }
  }

  async end(): Promise<number> {
    this.#isEnding = true
    await this.#done
    return this.written
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }
}

/** One answer that streams all rows of a table after a place, for as long as the relay lets it. */
class StreamOf {
  readonly keys: number[] = []
  /** Of the last window that has ended. */
  scn: bigint
  end: string | undefined
  readonly #response: IncomingMessage

  private constructor(response: IncomingMessage, afterScn: bigint) {
    this.#response = response
    this.scn = afterScn
    const decoder = new EventDecoder(1 << 24)
    const pending: number[] = []
    response.on('data', (chunk: Buffer) => {
      decoder.push(chunk)
      for (let view = decoder.next(); view !== undefined; view = decoder.next()) {
        if (!view.isControl) pending.push(Number(view.key))
        if (!view.isEndOfPeriod) continue
        this.keys.push(...pending.splice(0))
        this.scn = view.scn
      }
    })
    response.on('end', () => (this.end = 'ended in order'))
    response.on('error', (error) => (this.end ??= error.message))
  }

  /** @param afterScn 0: from the beginning of what the relay has */
  static async open(port: number, table: string, afterScn = 0n): Promise<StreamOf> {
    const listed = await fetch(`http://127.0.0.1:${port}/sources`)
    const sources = (await listed.json()) as { readonly id: number; readonly name: string }[]
    const id = sources.find(({ name }) => name === table)?.id ?? -1
    const checkPoint = `{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":${afterScn},"prevScn":${afterScn},"windowOffset":-1}`
    const query = new URLSearchParams({ sources: String(id), size: '100000000', output: 'binary', follow: '600000' })
    if (afterScn > 0n) query.set('checkPoint', checkPoint)
    const request = httpRequest({ port, agent: false, path: `/stream?${query.toString()}` }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    if (response.statusCode !== 200) throw new Error(`${table} after ${afterScn}: ${response.statusCode ?? 0}`)
    return new StreamOf(response, afterScn)
  }

  close(): void {
    this.#response.destroy()
  }
}

async function reloadOverHttp({ relay }: ChangePath): Promise<void> {
  const admin = /admin=(http:\S+)/.exec(relay?.errors ?? '')?.[1] ?? ''
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${admin}/admin/reload`, { method: 'POST', headers })
  expect(await answer.json()).toMatchObject({ reloaded: ['relay'], unchanged: [] })
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1)

test('readers of one source see no gap, no repetition and no end of their stream while another one comes, changes and goes', async () => {
  const crm = (more = ''): string =>
    `{ name: crm, id: 2, uri: '${server.uri()}', startFrom: earliest, sources: [crm.people]${more} }`
  await using path = await ChangePath.create({ uri: server.uri(), sources: ['shop.orders'] })
  await path.startRelay(['--admin', '0'])
  await path.startClient()
  await using load = new Load()
  const shop = await StreamOf.open(path.relayPort, 'shop.orders')
  const bring = async (further: readonly string[], how: 'SIGHUP' | 'POST'): Promise<void> => {
    path.setFurther(further)
    if (how === 'POST') return reloadOverHttp(path)
    const before = path.relay?.errors.length ?? 0
    path.relay?.child.kill('SIGHUP')
    await path.relay?.until(() => /reloaded relay/.test(path.relay?.errors.slice(before) ?? ''), 30_000, 'it reloaded')
  }
  /** Both sources get further, with the other one's reader in the same stream. */
  const goesOn = async (people?: StreamOf): Promise<void> => {
    const [orders, others] = [shop.keys.length, people?.keys.length ?? 0]
    await until('more orders', () => shop.keys.length > orders + 20)
    if (people !== undefined) await until('more people', () => people.keys.length > others + 20)
  }
  await goesOn()
  const got: number[] = []
  let scn = 0n
  for (const how of ['SIGHUP', 'POST', 'SIGHUP'] as const) {
    await bring([crm()], how)
    let people = await StreamOf.open(path.relayPort, 'crm.people', scn)
    await goesOn(people)
    await bring([crm(', eventVersion: 2')], how)
    await until('its stream has ended', () => people.end !== undefined)
    got.push(...people.keys)
    people = await StreamOf.open(path.relayPort, 'crm.people', people.scn)
    await goesOn(people)
    await bring([], how)
    await until('its stream has ended', () => people.end !== undefined)
    got.push(...people.keys)
    scn = people.scn
    await goesOn()
    expect(shop.end).toBeUndefined()
  }
  const written = await load.end()
  await bring([crm()], 'POST')
  const last = await StreamOf.open(path.relayPort, 'crm.people', scn)
  const missing = (): number[] => {
    const keys = new Set([...got, ...last.keys])
    return upTo(written).filter((key) => !keys.has(key))
  }
  await until(
    'all people',
    () => missing().length === 0,
    20_000,
    () => missing().slice(0, 20),
  )
  expect([...got, ...last.keys]).toEqual(upTo(written))
  await until('all orders', () => shop.keys.length >= written && path.lines.length >= written)
  expect(shop.keys).toEqual(upTo(written))
  expect(path.lines.map((line) => Number(line.split(' ')[2]))).toEqual(upTo(written))
  expect([shop.end, path.client?.errors.match(/reconnect|AESOP_\w+/i)]).toEqual([undefined, null])
  shop.close()
  last.close()
})
