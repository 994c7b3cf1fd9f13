import { freePort } from '../../test/support/free-port.ts'
import { until } from '../../test/support/until.ts'
import { runSample, type SampleRun, say, step } from '../run/sample-run.ts'
import { openShop } from '../run/shop.ts'

/*
 * A bootstrap server gives a table of a private MariaDB: first to requests as curl could send them, then to a client that goes on with the relay.
 */
const ITEMS = 4
const DEADLINE_MS = 60_000
const SERVER = 'samples/bootstrap-server/bootstrap.yaml'
const CLIENT = 'samples/bootstrap-server/client/bootstrap.yaml'

async function story(run: SampleRun): Promise<void> {
  const server = await step('1. Starting a private MariaDB', () => run.startMariadb())
  await step(`2. Filling shop.item with ${ITEMS} rows`, () => openShop(server, ITEMS))
  const bootstrapPort = String(await freePort())
  const env = { DB_PORT: String(server.port), RELAY_PORT: String(await freePort()), BOOTSTRAP_PORT: bootstrapPort }
  await step(`3. Launching relay, bootstrap producer and server     aesop-launch ${SERVER}`, () =>
    run.launch(SERVER, 'server', env),
  )
  say('4. A bootstrap by hand: from which SCN on the stream has the rest, and the rows')
  await askByHand(`http://127.0.0.1:${bootstrapPort}`)
  const client = await step(`5. Launching a client     aesop-launch ${CLIENT}`, () => run.launch(CLIENT, 'client', env))
  await client.untilOutput((lines) => lines.includes('bootstrap ends'), DEADLINE_MS)
  await server.query('UPDATE shop.item SET stock = stock + 100 WHERE id = 2')
  await server.query('DELETE FROM shop.item WHERE id = 3')
  await client.untilOutput((lines) => lines.some((line) => line.startsWith('live  DELETE')), DEADLINE_MS)
  for (const line of client.output) say(`     ${line}`)
}

async function askByHand(server: string): Promise<void> {
  let startScn = ''
  await until('the table is served', async () => (startScn = await startScnOf(server)) !== '', DEADLINE_MS)
  say(`     curl -gs '${server}/startSCN?sources=shop.item&checkPoint=${place(-1)}'`)
  say(`     "${startScn}"`)
  const rows = `${server}/bootstrap?sources=1&checkPoint=${place(startScn)}&batchSize=100000&output=json_plain_value`
  say(`     curl -gs '${rows}'`)
  const events = await (await fetch(rows)).text()
  for (const event of events.trim().split('\n')) say(`     ${event}`)
}

/** Empty: it is not served yet. */
async function startScnOf(server: string): Promise<string> {
  const response = await fetch(`${server}/startSCN?sources=shop.item&checkPoint=${place(-1)}`)
  return /^"(\d+)"$/.exec(await response.text())?.[1] ?? ''
}

/** A place in a bootstrap, as Databus writes it: the beginning of the snapshot of shop.item, for who has nothing. */
function place(startScn: string | number): string {
  const bootstrap = `"bootstrap_since_scn":0,"bootstrap_start_scn":${startScn},"bootstrap_target_scn":-1`
  const snapshot = '"snapshot_source":"shop.item","bootstrap_snapshot_source_index":0,"snapshot_offset":0'
  return `{"consumption_mode":"BOOTSTRAP_SNAPSHOT","windowScn":-1,"prevScn":-1,"windowOffset":-1,${snapshot},${bootstrap}}`
}

await runSample(story, '6. Stopping everything')
