import { afterAll, beforeAll, expect, test } from 'vitest'
import { EventView } from '@aesop/event'
import { ChangePath } from '../support/change-path.ts'
import { type RowWindows, rowWindowsOf } from '../support/late-rig.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { until } from '../support/until.ts'

const MIB = 1024 * 1024
const WINDOWS = 40
const READERS = 20

let server: MariadbServer
beforeAll(async () => {
  server = await MariadbServer.start({ durable: true })
  await server.query('CREATE DATABASE app; CREATE TABLE app.t (id INT PRIMARY KEY, bytes LONGBLOB)')
})
afterAll(() => server.destroy())

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

  constructor(port: number, sourceId: number, sizeBytes: number, afterScn: bigint) {
    this.#url = `http://127.0.0.1:${port}/stream?sources=${sourceId}&output=binary&size=${sizeBytes}`
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

test('a relay that is killed while twenty late readers read serves them all, byte for byte, when it comes back', async () => {
  await using path = await ChangePath.create({
    uri: server.uri(),
    sources: ['app.t'],
    startFrom: 'latest',
    bufferBytes: MIB,
  })
  await path.startRelay()
  const sources = (await (await fetch(`http://127.0.0.1:${path.relayPort}/sources`)).json()) as {
    id: number
    name: string
  }[]
  const sourceId = sources.find(({ name }) => name === 'app.t')?.id ?? -1
  const live = new Asker(path.relayPort, sourceId, MIB, -1n)
  for (let id = 1; id <= WINDOWS; id++) {
    await server.query(`INSERT INTO app.t VALUES (${id}, REPEAT(CHAR(64 + ${id}), 65536))`)
    await until(`window ${id}`, async () => {
      await live.ask()
      return live.count >= id
    })
  }
  const [firstScn = -1n] = live.windows.keys()
  const wanted = new Map([...live.windows].filter(([scn]) => scn > firstScn))
  const late = Array.from(
    { length: READERS },
    (_, i) => new Asker(path.relayPort, sourceId, 70_000 + 9_000 * i, firstScn),
  )
  const hasAll = (asker: Asker): boolean => asker.count >= WINDOWS - 1
  const run = Promise.all(
    late.map((asker) =>
      until(
        'all windows',
        async () => hasAll(asker) || (await asker.ask(), false),
        40_000,
        () => asker.scn,
      ),
    ),
  )
  await until('readers within', () => late.every(({ received }) => received > 0))
  expect(late.some((asker) => !hasAll(asker))).toBe(true)
  await path.stopRelay('SIGKILL')
  await path.startRelay()
  await run
  for (const asker of late) expect(asker.windows).toEqual(wanted)
})
