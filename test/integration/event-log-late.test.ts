import { EventView } from '@aesop/event'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChangePath } from '../support/change-path.ts'
import { rowWindowsOf } from '../support/late-rig.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { until } from '../support/until.ts'

/* A relay writes an event log of a real server, another one replays it with a buffer that holds little of it, and readers are late there. */

const DEADLINE_MS = 60_000
const WRITER = 'databus.relay.eventLogWriter'
const READER = 'databus.relay.eventLogReader'
const SMALL_BYTES = 131_072
const ROUNDS = 60

interface Place {
  scn: bigint
  windowOffset: number
}

async function sourceIdsOf(port: number): Promise<string> {
  const sources = (await (await fetch(`http://127.0.0.1:${port}/sources`)).json()) as { id: number }[]
  return sources.map(({ id }) => id).join(',')
}

/** One answer to a reader that is at a place. */
async function answerTo(port: number, { scn, windowOffset }: Place, size: number, maxev: number): Promise<Buffer> {
  const checkPoint = `{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":${scn},"prevScn":${scn},"windowOffset":${windowOffset}}`
  const asked = { sources: await sourceIdsOf(port), checkPoint, size: String(size), output: 'binary' }
  const query = new URLSearchParams({ ...asked, maxev: String(maxev) })
  const answer = await fetch(`http://127.0.0.1:${port}/stream?${query.toString()}`)
  const cause = answer.headers.get('x-dbus-error-cause')
  if (cause !== null) throw new Error(`${cause}: ${answer.headers.get('x-dbus-error-cause-message')}`)
  return Buffer.from(await answer.arrayBuffer())
}

/** All that a reader is given behind an SCN, who asks for so many bytes again and again, until it has had another SCN. */
async function readAll(port: number, afterScn: bigint, untilScn: bigint, size: number, maxev: number): Promise<Buffer> {
  const place: Place = { scn: afterScn, windowOffset: -1 }
  const parts: Buffer[] = []
  const ask = async (): Promise<boolean> => {
    const bytes = await answerTo(port, place, size, maxev)
    const view = new EventView(bytes, 0)
    for (let at = 0; at < bytes.length; at = view.end) {
      view.moveTo(bytes, at)
      place.scn = view.scn
      place.windowOffset = view.isEndOfPeriod ? -1 : Math.max(place.windowOffset, 0) + 1
    }
    parts.push(bytes)
    return place.scn >= untilScn && place.windowOffset < 0
  }
  await until(`SCN ${untilScn}`, ask, DEADLINE_MS, () => place)
  return Buffer.concat(parts)
}

/** SCNs of the oldest and the newest window with rows that a relay has in its buffer. */
async function rowScns(port: number, maxev: number): Promise<bigint[]> {
  return [...rowWindowsOf(await answerTo(port, { scn: -1n, windowOffset: -1 }, 1 << 28, maxev)).keys()]
}

describe.each([
  ['MariaDB', 1, () => MariadbServer.start()],
  ['MySQL', 2, () => MysqlServer.start()],
] as const)('who is late at a replay of an event log of %s, in version %i', (_name, eventVersion, start) => {
  const maxev = eventVersion === 2 ? 2 : 0
  let server: MariadbServer | MysqlServer
  beforeAll(async () => {
    server = await start()
    await server.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT NOT NULL PRIMARY KEY, text LONGTEXT)')
  })
  afterAll(() => server.destroy())

  /** Inserts, updates and deletes, in transactions of one to five statements, and now and then a change of the table. */
  async function write(from: number): Promise<void> {
    for (let round = from; round < from + ROUNDS; round++) {
      const id = 10 * round
      const rows = Array.from({ length: 1 + (round % 4) }, (_, i) => `(${id + i}, REPEAT('x', ${(id * 97) % 6000}))`)
      if (round % 20 === 7) await server.query(`ALTER TABLE shop.item ADD COLUMN c${round} INT DEFAULT ${round}`)
      const change = `UPDATE shop.item SET text = 'é${round}' WHERE id = ${id - 10}; DELETE FROM shop.item WHERE id = ${id - 20}`
      await server.query(`BEGIN; INSERT INTO shop.item (id, text) VALUES ${rows.join()}; ${change}; COMMIT`)
    }
  }

  async function paths(): Promise<[origin: ChangePath, replay: ChangePath]> {
    const sources = ['shop.item']
    const log = [`${WRITER}.enabled: true`, `${WRITER}.individualFileMaxBytes: 65536`, `${WRITER}.maxFiles: 1000`]
    const origin = await ChangePath.create({ uri: server.uri(), sources, eventVersion, relayProperties: log })
    await origin.startRelay()
    await write(1)
    const folder = join(origin.folder, 'relay', '.aesop', 'eventLog')
    await until('the log has a file', () => readdirSync(folder).length > 0)
    const [session = ''] = readdirSync(folder)
    const read = [
      `${READER}.enabled: true`,
      `${READER}.topLevelLogDir: ${folder}`,
      `${READER}.readSessionDir: ${session}`,
    ]
    const small = { sources, eventVersion, bufferBytes: SMALL_BYTES, relayProperties: read }
    const replay = await ChangePath.create({ uri: 'memory:shop', ...small })
    await replay.startRelay()
    return [origin, replay]
  }

  test('gets the bytes that the first relay sends, wherever it begins, while both go on and the replay is killed', async () => {
    const [one, other] = await paths()
    await using origin = one
    await using replay = other
    const firstScn = (await rowScns(origin.relayPort, maxev))[0] ?? -1n
    const hasCome = async (): Promise<bigint> => (await rowScns(replay.relayPort, maxev)).at(-1) ?? -1n
    const written = async (): Promise<bigint> => (await rowScns(origin.relayPort, maxev)).at(-1) ?? -1n
    await until('the replay has come to the end', async () => (await hasCome()) === (await written()), DEADLINE_MS)
    expect((await rowScns(replay.relayPort, maxev))[0], 'its buffer has lost the oldest').toBeGreaterThan(firstScn)
    const writing = write(1 + ROUNDS)
    const middle = await written()
    const [small, large] = await Promise.all(
      [20_000, 1 << 28].map((size) => readAll(replay.relayPort, firstScn, middle, size, maxev)),
    )
    await writing
    const hasAll = async (): Promise<boolean> =>
      (await readAll(origin.relayPort, middle, middle, 1 << 28, maxev)).includes(`é${2 * ROUNDS}`)
    await until('the first relay has the last change', hasAll, DEADLINE_MS)
    const end = await written()
    const expected = rowWindowsOf(await readAll(origin.relayPort, firstScn, end, 1 << 28, maxev))
    expect(expected.size).toBeGreaterThanOrEqual(2 * ROUNDS - 1)
    for (const part of [small, large] as [Buffer, Buffer]) {
      const got = rowWindowsOf(part)
      expect(got.size).toBeGreaterThanOrEqual(ROUNDS - 1)
      expect([...got]).toEqual([...expected].slice(0, got.size))
    }
    await replay.stopRelay('SIGKILL')
    await replay.startRelay()
    const places = [...expected.keys()]
    for (const at of [0, 1, 30, 77]) {
      const got = await readAll(replay.relayPort, places[at] ?? -1n, end, 50_000, maxev)
      const windows = rowWindowsOf(got)
      expect([...windows.keys()], `behind window ${at}`).toEqual([...expected.keys()].slice(at + 1))
      expect([...windows]).toEqual([...expected].slice(at + 1))
    }
    const schemas = async (port: number): Promise<string> => (await fetch(`http://127.0.0.1:${port}/register`)).text()
    expect(await schemas(replay.relayPort)).toBe(await schemas(origin.relayPort))
  })
})
