import { setTimeout } from 'node:timers/promises'
import { freePort } from '../../test/support/free-port.ts'
import { type MariadbServer } from '../../test/support/mariadb-server.ts'
import { until } from '../../test/support/until.ts'
import { runSample, type SampleRun, say, step } from '../run/sample-run.ts'
import { openShop } from '../run/shop.ts'

/*
 * A bootstrap store is filled from a private MariaDB: rows that were there before the relay are read in chunks, and what is changed meanwhile
 * comes by the relay's stream.
 */
const ITEMS = 20_000
const SALES = 100
const DEADLINE_MS = 60_000
const LOOK_MS = 50
const DESCRIPTOR = 'samples/bootstrap-producer/bootstrap.yaml'

interface ProducerPage {
  readonly producers: { readonly shop: { readonly seeding: readonly Progress[] } }
}

interface Progress {
  readonly state: string
  readonly rows: number
  readonly percent?: number
  readonly rowsPerSecond: number
}

async function story(run: SampleRun): Promise<void> {
  const server = await step('1. Starting a private MariaDB', () => run.startMariadb())
  await step(`2. Filling shop.item with ${ITEMS} rows`, () => openShop(server, ITEMS))
  const env = { DB_PORT: String(server.port), RELAY_PORT: String(await freePort()) }
  const launched = await step(`3. Launching relay and bootstrap producer     aesop-launch ${DESCRIPTOR}`, () =>
    run.launch(DESCRIPTOR, 'shop', env),
  )
  const admin = /admin=http:\/\/(\S+)/.exec(launched.errors)?.[1] ?? ''
  say(`4. Its rows go into the store, while ${SALES} items are sold`)
  await Promise.all([sell(server), showSeeding(admin)])
  say('5. What the store has')
  await run.command(['bootstrap', 'status', '--admin', admin])
  say('6. The table once more, as after a mistake')
  await run.command(['bootstrap', 'seed', 'shop.item', '--admin', admin])
}

async function sell(server: MariadbServer): Promise<void> {
  for (let i = 1; i <= SALES; i++) await server.query(`UPDATE shop.item SET stock = stock - 1 WHERE id = ${i * 100}`)
}

/** A line for each quarter, until all rows are in. */
async function showSeeding(admin: string): Promise<void> {
  let shown = -1
  const look = async (): Promise<boolean> => {
    const [page] = (await (await fetch(`http://${admin}/admin/bootstrap`)).json()) as readonly ProducerPage[]
    const [seeding] = page?.producers.shop.seeding ?? []
    if (seeding === undefined) return false
    const { state, rows, percent = 0, rowsPerSecond } = seeding
    const quarter = Math.floor(percent / 25)
    if (quarter > shown) say(`     shop.item: ${rows} rows, ${percent} %, ${rowsPerSecond} rows/s`)
    shown = Math.max(shown, quarter)
    if (state !== 'done') await setTimeout(LOOK_MS)
    return state === 'done'
  }
  await until('all rows are in the store', look, DEADLINE_MS)
}

await runSample(story, '7. Stopping everything')
