import { EventView } from '@aesop/event'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChangePath } from '../support/change-path.ts'
import { extent } from '../support/extent.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { until } from '../support/until.ts'

const DEADLINE_MS = 60_000
const WRITER = 'databus.relay.eventLogWriter'
const READER = 'databus.relay.eventLogReader'
const FILES = 'databus.relay.eventBuffer.allocationPolicy: MMAPPED_MEMORY'

/** Bytes of the windows with rows, by SCN: those without depend on time. */
async function rowWindows(port: number): Promise<Map<bigint, Buffer>> {
  const sources = (await (await fetch(`http://127.0.0.1:${port}/sources`)).json()) as { id: number }[]
  const ids = sources.map(({ id }) => id).join(',')
  const checkPoint = '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":-1,"prevScn":-1,"windowOffset":-1}'
  const query = new URLSearchParams({ sources: ids, checkPoint, size: String(256 * 1024 * 1024), output: 'binary' })
  const answer = await fetch(`http://127.0.0.1:${port}/stream?${query.toString()}`)
  expect(answer.headers.get('x-dbus-error-cause')).toBeNull()
  const bytes = Buffer.from(await answer.arrayBuffer())
  const windows = new Map<bigint, Buffer>()
  const view = new EventView(bytes, 0)
  let from = 0
  for (let at = 0; at < bytes.length; at = view.end) {
    view.moveTo(bytes, at)
    if (!view.isEndOfPeriod) continue
    if (at > from) windows.set(view.scn, bytes.subarray(from, view.end))
    from = view.end
  }
  return windows
}

const text = (windows: ReadonlyMap<bigint, Buffer>): string[] =>
  [...windows].map(([scn, bytes]) => `${scn} ${bytes.toString('hex')}`)

describe.each(
  extent<[string, () => Promise<MariadbServer | MysqlServer>]>(
    [['MariaDB', () => MariadbServer.start({ durable: true })]],
    [['MySQL', () => MysqlServer.start({ durable: true })]],
  ),
)('an event log of %s', (_name, start) => {
  let server: MariadbServer | MysqlServer
  beforeAll(async () => {
    server = await start()
    await server.query('CREATE DATABASE shop')
    await server.query('CREATE TABLE shop.item (id INT NOT NULL PRIMARY KEY, text LONGTEXT)')
  })
  afterAll(() => server.destroy())

  test('is whole, and the same byte for byte in another relay, with DDL in between, wherever its writer was killed', async () => {
    const sources = ['shop.item']
    await using path = await ChangePath.create({
      uri: server.uri(),
      sources,
      // The buffer is larger than what is written: it is the witness.
      relayProperties: [FILES, `${WRITER}.enabled: true`, `${WRITER}.individualFileMaxBytes: 1000000`],
    })
    await path.startRelay()
    const logs = join(path.folder, 'relay', '.aesop', 'eventLog')
    let id = 0
    let isWriting = true
    const write = async (): Promise<void> => {
      while (isWriting) {
        id++
        if (id % 40 === 0) await server.query(`ALTER TABLE shop.item ADD COLUMN c${id} INT DEFAULT ${id}`)
        await server.query(
          `INSERT INTO shop.item (id, text) VALUES (${2 * id}, REPEAT('x', ${(id * 97) % 9000})), (${2 * id + 1}, 'y')`,
        )
      }
    }
    const writing = write()
    let replay: ChangePath | undefined
    for (let kills = 1; kills <= 2; kills++) {
      const from = id
      await until('more is written', () => id >= from + 35, DEADLINE_MS)
      if (replay === undefined) {
        await until('the log has a file', () => readdirSync(logs).length > 0)
        const [session = ''] = readdirSync(logs)
        replay = await ChangePath.create({
          uri: 'memory:shop',
          sources,
          relayProperties: [
            `${READER}.enabled: true`,
            `${READER}.topLevelLogDir: ${logs}`,
            `${READER}.readSessionDir: ${session}`,
          ],
        })
        await replay.startRelay()
      }
      await path.stopRelay('SIGKILL')
      await path.startRelay()
    }
    isWriting = false
    await writing
    await using reader = replay as ChangePath
    let served = new Map<bigint, Buffer>()
    let replayed = new Map<bigint, Buffer>()
    await until(
      'both have all rows',
      async () => {
        served = await rowWindows(path.relayPort)
        replayed = await rowWindows(reader.relayPort)
        return served.size >= id && replayed.size === served.size
      },
      DEADLINE_MS,
    )
    expect(replayed.size).toBeGreaterThanOrEqual(id)
    expect(id).toBeGreaterThan(70)
    expect(text(replayed)).toEqual(text(served))
    const register = async (port: number): Promise<string> => (await fetch(`http://127.0.0.1:${port}/register`)).text()
    // A version that no event has yet follows within a moment.
    await until(
      'both have the same schemas',
      async () => (await register(reader.relayPort)) === (await register(path.relayPort)),
      DEADLINE_MS,
    )
    // The log is complete by itself: a relay that has nothing else begins with its oldest window.
    await path.stopRelay('SIGKILL')
    await reader.stopRelay('SIGKILL')
    await reader.startRelay()
    await until('it goes on where it was', async () => (await fetch(`http://127.0.0.1:${reader.relayPort}/admin`)).ok)
  })
})
