import { freePort } from '../../test/support/free-port.ts'
import { type LaunchedProcess } from '../../test/support/launched-process.ts'
import { until } from '../../test/support/until.ts'
import { runSample, type SampleRun, say, step } from '../run/sample-run.ts'
import { openShop } from '../run/shop.ts'
import { PageServer } from './page-server.ts'
import { Picture } from './picture.ts'
import { Shopkeeper } from './shopkeeper.ts'
import { Stage } from './stage.ts'

/*
 * A consumer that is away while the story goes on beyond the relay's buffer and the server's log, and what becomes of its copy when it is
 * back. A page shows table and copy beside each other. `--once`: it ends with the story; else the page stays until Ctrl-C.
 */
const ITEMS = 96
const isOnce = process.argv.includes('--once')
/** Slow enough for people to see it. */
const ROW_MS = isOnce ? 5 : 25
const LIVE_MS = isOnce ? 500 : 3000
const DEADLINE_MS = 60_000
const CLIENT = 'samples/late-consumer/client/bootstrap.yaml'
const SERVER = 'samples/late-consumer/server/bootstrap.yaml'

async function story(run: SampleRun): Promise<void> {
  const server = await step('1. Starting a private MariaDB', () => run.startMariadb())
  await openShop(server, ITEMS)
  const env = {
    DB_PORT: String(server.port),
    RELAY_PORT: String(await freePort()),
    BOOTSTRAP_PORT: String(await freePort()),
    ROW_MS: String(ROW_MS),
  }
  const launched = await step('2. Launching relay, bootstrap producer and bootstrap server', () =>
    run.launch(SERVER, 'server', env),
  )
  const admin = /admin=(\S+)/.exec(launched.errors)?.[1] ?? ''
  const picture = new Picture()
  const keeper = new Shopkeeper(server, ITEMS)
  run.own({ stop: () => keeper.rest() })
  const stage = run.own(
    new Stage(picture, async () => ({ items: await keeper.items(), transactions: keeper.transactions })),
  )
  stage.follow()
  const page = await PageServer.start(Number(process.env['PAGE_PORT'] ?? 0), () => stage.shown())
  run.own({ stop: async () => (isOnce || stage.verdict === '' ? page.stop() : undefined) })
  say(`     The page: ${page.address}`)
  await tell(run, { env, admin, picture, keeper, stage })
  stage.done()
  const { verdict } = (await (await fetch(`${page.address}state`)).json()) as { readonly verdict: string }
  say(`     The page says: ${verdict}`)
  if (!isOnce) say('     The page stays until Ctrl-C.')
}

interface Cast {
  readonly env: Readonly<Record<string, string>>
  /** The admin server of relay and store. */
  readonly admin: string
  readonly picture: Picture
  readonly keeper: Shopkeeper
  readonly stage: Stage
}

async function tell(run: SampleRun, cast: Cast): Promise<void> {
  const { picture, keeper, stage } = cast
  stage.begin('New: a snapshot')
  const first = await step('3. A new consumer gets a snapshot', async () => {
    const launched = await come(run, cast)
    await until('the snapshot is given', () => picture.bootstraps === 1, DEADLINE_MS)
    return launched
  })
  stage.begin('Live: it follows the relay')
  await step('4. It follows the relay, live', async () => {
    keeper.work()
    await new Promise((resolve) => setTimeout(resolve, LIVE_MS))
    await keeper.rest()
    await until('the copy equals the table', async () => picture.equals(await keeper.items()), DEADLINE_MS)
  })
  stage.begin('Away: buffer and log go on without it')
  await step('5. It is stopped; the shop goes on beyond the buffer, and the server purges its log', async () => {
    await first.stop()
    await keeper.workThroughTheNight()
    const scn = await keeper.lastScn()
    await until('the store has it', async () => (await storedScn(cast.admin)) >= scn, DEADLINE_MS)
    await keeper.newLog()
    await until('the server has purged its log', () => keeper.forgetLogs(), DEADLINE_MS)
    await new Promise((resolve) => setTimeout(resolve, (2 * LIVE_MS) / 3))
  })
  await comeBack(run, cast)
}

async function comeBack(run: SampleRun, cast: Cast): Promise<void> {
  const { picture, keeper, stage } = cast
  picture.forgetCounts()
  stage.begin('Back: it fell off; snapshot, then catch-up')
  keeper.work()
  await step('6. It comes back: fell off, snapshot, catch-up', async () => {
    await come(run, cast)
    await until('the bootstrap is done', () => picture.bootstraps === 2, DEADLINE_MS)
  })
  say(`     ${picture.rows.snapshot} rows of the snapshot, ${picture.rows['catch-up']} of the catch-up`)
  stage.begin('Live again')
  await step('7. It is live again', async () => {
    await until('changes come live', () => picture.rows.live > 10, DEADLINE_MS)
    await keeper.rest()
    await until('the copy equals the table', async () => picture.equals(await keeper.items()), DEADLINE_MS)
  })
  stage.verdict = `The copy equals the table: ${picture.items.size} items.`
  await stage.see()
}

/** Up to which SCN the store has the log of the relay, without its generation. */
async function storedScn(admin: string): Promise<bigint> {
  const pages = (await (await fetch(`${admin}/admin/bootstrap`)).json()) as readonly ProducerPage[]
  return BigInt.asUintN(52, BigInt(pages[0]?.producers.shop.sources[0]?.logScn ?? 0))
}

interface ProducerPage {
  readonly producers: { readonly shop: { readonly sources: readonly { readonly logScn: string }[] } }
}

/** The consumer comes: what it prints becomes the picture. */
async function come(run: SampleRun, { env, picture }: Cast): Promise<LaunchedProcess> {
  let taken = 0
  const launched = await run.launch(CLIENT, 'client', env)
  const take = (): void => {
    for (const line of launched.output.slice(taken)) picture.take(line)
    taken = launched.output.length
  }
  launched.child.stdout?.on('data', take)
  launched.child.once('close', take)
  take()
  return launched
}

await runSample(story, '8. Stopping client, relay and MariaDB')
