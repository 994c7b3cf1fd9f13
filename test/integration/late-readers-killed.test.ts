import { afterAll, beforeAll, expect, test } from 'vitest'
import { EventView } from '@aesop/event'
import { ChangePath } from '../support/change-path.ts'
import { type RowWindows, rowWindowsOf } from '../support/late-rig.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { until } from '../support/until.ts'

const MIB = 1024 * 1024
const WINDOWS = 28
/** Of each source, at the relay of the servers: twenty in all. */
const READERS = 5
const READERS_OF_FOLLOWER = 2

/** What a reader asks for with `maxev`, and the first byte of each event that it gets then, by the layout of the buffer. */
const ASKED = { 1: 0, 2: 2 } as const

/** A physical source of the relay, with a table of its own. */
interface Source {
  readonly name: string
  readonly server: () => MariadbServer | MysqlServer
  readonly eventVersion: 1 | 2
}

let [mariadb, mysql]: [MariadbServer, MysqlServer] = [undefined as never, undefined as never]
const SOURCES: readonly Source[] = [
  { name: 'mariadb1', server: () => mariadb, eventVersion: 1 },
  { name: 'mariadb2', server: () => mariadb, eventVersion: 2 },
  { name: 'mysql1', server: () => mysql, eventVersion: 1 },
  { name: 'mysql2', server: () => mysql, eventVersion: 2 },
]
beforeAll(async () => {
  ;[mariadb, mysql] = await Promise.all([MariadbServer.start(), MysqlServer.start()])
  await Promise.all([mariadb, mysql].map((server) => server.query('CREATE DATABASE app')))
  for (const { name, server } of SOURCES)
    await server().query(`CREATE TABLE app.${name} (id INT PRIMARY KEY, bytes LONGBLOB)`)
})
afterAll(() => Promise.all([mariadb.destroy(), mysql.destroy()]))

/** A client of a relay that asks again and again, from the place that it has come to. */
class Asker {
  readonly #url: string
  readonly #sizeBytes: number
  readonly #bytes: Buffer[] = []
  received = 0
  #scn: bigint
  #offset = -1
  #ofWindow = 0
  /** Windows with rows that have come whole. */
  count = 0

  /** @param url what is asked, without its size and its place */
  constructor(url: string, sizeBytes: number, afterScn: bigint) {
    this.#url = `${url}&size=${sizeBytes}`
    this.#sizeBytes = sizeBytes
    this.#scn = afterScn
  }

  get scn(): bigint {
    return this.#scn
  }
  get windows(): RowWindows {
    return rowWindowsOf(Buffer.concat(this.#bytes))
  }

  /** Asks once; a relay that is not there is asked again. @throws what a relay answers that can't serve it */
  async ask(): Promise<void> {
    const flexible = this.#scn < 0n
    const checkPoint = `{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":${this.#scn},"prevScn":${this.#offset < 0 ? this.#scn : -1},"windowOffset":${this.#offset}}`
    const answer = await fetch(
      flexible ? this.#url : `${this.#url}&checkPoint=${encodeURIComponent(checkPoint)}`,
    ).catch(() => undefined)
    if (answer === undefined) return
    if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`)
    const body = await answer.arrayBuffer().then(
      (bytes) => Buffer.from(bytes),
      () => undefined,
    )
    if (body !== undefined) this.#take(body)
  }

  #take(body: Buffer): void {
    if (body.length > this.#sizeBytes) throw new Error('more than was asked for')
    this.#bytes.push(body)
    this.received += body.length
    const view = new EventView(body, 0)
    for (let at = 0; at < body.length; at = view.end) {
      view.moveTo(body, at)
      if (view.isEndOfPeriod && this.#ofWindow > 0) this.count++
      this.#ofWindow = view.isEndOfPeriod ? 0 : this.#ofWindow + 1
      this.#offset = view.isEndOfPeriod ? -1 : this.#ofWindow
      this.#scn = view.scn
    }
  }
}

/** Fills the buffer of a source beyond its room, while one reader reads it live. @returns what is asked, and all that it got */
async function written(port: number, { name, server, eventVersion }: Source): Promise<Written> {
  const url = await streamUrl(port, `app.${name}`, ASKED[eventVersion])
  const live = new Asker(url, MIB, -1n)
  for (let id = 1; id <= WINDOWS; id++) {
    await server().query(`INSERT INTO app.${name} VALUES (${id}, REPEAT(CHAR(64 + ${id}), 65536))`)
    await until(`window ${id} of ${name}`, async () => {
      await live.ask()
      return live.count >= id
    })
  }
  return { name, eventVersion, url, windows: live.windows }
}

interface Written extends Pick<Source, 'name' | 'eventVersion'> {
  readonly url: string
  readonly windows: RowWindows
}

/** Readers of one source, that begin after its first window. */
class LateReaders {
  readonly #written: Written
  readonly #askers: readonly Asker[]
  readonly #run: Promise<unknown>

  constructor(of: Written, readers: number) {
    const [firstScn = -1n] = of.windows.keys()
    this.#written = of
    this.#askers = Array.from({ length: readers }, (_, i) => new Asker(of.url, 70_000 + 9_000 * i, firstScn))
    this.#run = Promise.all(this.#askers.map((asker) => this.#untilAll(asker)))
  }

  #hasAll(asker: Asker): boolean {
    return asker.count >= WINDOWS - 1
  }

  #untilAll(asker: Asker): Promise<void> {
    const holds = async (): Promise<boolean> => this.#hasAll(asker) || (await asker.ask(), false)
    return until(`all windows of ${this.#written.name}`, holds, 40_000, () => asker.scn)
  }

  get haveBegun(): boolean {
    return this.#askers.every(({ received }) => received > 0)
  }

  get areWithin(): boolean {
    return this.#askers.some((asker) => !this.#hasAll(asker))
  }

  /** Waits until they have all, and compares each with the one that read live. */
  async end(): Promise<void> {
    const { windows, eventVersion } = this.#written
    await this.#run
    const wanted = new Map([...windows].slice(1))
    const firstBytes = [...wanted.values()].map((hex) => Number.parseInt(hex.slice(0, 2), 16))
    expect(firstBytes).toEqual(Array.from({ length: WINDOWS - 1 }, () => ASKED[eventVersion]))
    for (const asker of this.#askers) expect(asker.windows).toEqual(wanted)
  }
}

/** A relay of all sources, at their servers or at another relay, with less room than what is written. */
function relayOf(upstream?: number): Promise<ChangePath> {
  const [uriOf, startFrom] =
    upstream === undefined
      ? [({ server }: Source) => server().uri(), 'latest']
      : [() => `relay://127.0.0.1:${upstream}`, 'earliest']
  const [first, ...others] = SOURCES as [Source, ...Source[]]
  const further = others.map((source, i) => {
    const { name, eventVersion } = source
    return `{ id: ${i + 2}, name: ${name}, uri: '${uriOf(source)}', startFrom: ${startFrom}, eventVersion: ${eventVersion}, sources: [app.${name}] }`
  })
  return ChangePath.create({
    uri: uriOf(first),
    startFrom,
    sources: [`app.${first.name}`],
    bufferBytes: MIB,
    further,
  })
}

test('a relay that is killed while twenty late readers of its servers and versions read, and some at a relay that follows it, serves them all, byte for byte, when it comes back', async () => {
  await using path = await relayOf()
  await path.startRelay()
  await using follower = await relayOf(path.relayPort)
  const all = await Promise.all(SOURCES.map((source) => written(path.relayPort, source)))
  await follower.startRelay()
  const late = [
    ...all.map((of) => new LateReaders(of, READERS)),
    ...all.map(
      (of) =>
        new LateReaders(
          { ...of, url: of.url.replace(`:${path.relayPort}/`, `:${follower.relayPort}/`) },
          READERS_OF_FOLLOWER,
        ),
    ),
  ]
  await until('readers within', () => late.every(({ haveBegun }) => haveBegun))
  expect(late.some(({ areWithin }) => areWithin)).toBe(true)
  await path.stopRelay('SIGKILL')
  await path.startRelay()
  for (const readers of late) await readers.end()
})

async function streamUrl(port: number, table: string, eventVersionMax: 0 | 2): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/sources`)
  const sources = (await answer.json()) as { readonly id: number; readonly name: string }[]
  const id = sources.find(({ name }) => name === table)?.id ?? -1
  return `http://127.0.0.1:${port}/stream?sources=${id}&output=binary&maxev=${eventVersionMax}`
}
