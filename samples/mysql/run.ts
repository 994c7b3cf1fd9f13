import { freePort } from '../../test/support/free-port.ts'
import { type LaunchedProcess } from '../../test/support/launched-process.ts'
import { type MariadbServer } from '../../test/support/mariadb-server.ts'
import { runSample, type SampleRun, say, step } from '../run/sample-run.ts'
import { renderChange, type PersonChange, samePeople, STATEMENTS } from './story.ts'

/*
 * The whole path against a private MariaDB: a server, a relay and a client as three processes, a handful of changes,
 * and the proof that what the consumer received is what the table holds.
 */
const DEADLINE_MS = 30_000

async function story(run: SampleRun): Promise<void> {
  const server = await step('1. Starting a private MariaDB', () => run.startMariadb())
  await step('2. Creating or_test.person and a user for the relay', () => prepare(server))
  const env = { DB_PORT: String(server.port), RELAY_PORT: String(await freePort()) }
  await step('3. Launching the relay     aesop-launch samples/mysql/relay/bootstrap.yaml', () =>
    run.launch('samples/mysql/relay/bootstrap.yaml', 'relay', env),
  )
  const client = await step('4. Launching the client    aesop-launch samples/mysql/client/bootstrap.yaml', () =>
    run.launch('samples/mysql/client/bootstrap.yaml', 'client', env),
  )
  say('5. Changing people')
  for (const statement of STATEMENTS) {
    say(`     ${statement}`)
    await server.query(statement)
  }
  const changes = await received(client)
  say('6. What the consumer received')
  for (const change of changes) say(`     ${renderChange(change)}`)
  const table = await server.query('SELECT id, first_name, last_name, balance FROM or_test.person ORDER BY id')
  if (!samePeople(changes, table))
    throw new Error(`the consumer's copy differs from the table: ${JSON.stringify(table)}`)
  say(`7. The consumer's copy equals the table: ${table.length} people.`)
}

async function prepare(server: MariadbServer): Promise<void> {
  await server.query('CREATE DATABASE or_test')
  await server.query(
    `CREATE TABLE or_test.person (
       id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, first_name VARCHAR(40) NOT NULL, last_name VARCHAR(40) NOT NULL,
       balance DECIMAL(12,2) NOT NULL, updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6))`,
  )
  await server.query("CREATE USER or_test@'127.0.0.1' IDENTIFIED BY 'or_test'")
  await server.query("GRANT REPLICATION SLAVE, BINLOG MONITOR, SELECT ON *.* TO or_test@'127.0.0.1'")
}

/** The changes up to the last one of the story. */
async function received(client: LaunchedProcess): Promise<PersonChange[]> {
  const lines = await client.untilOutput((output) => output.length >= 8, DEADLINE_MS)
  return lines.map((line) => JSON.parse(line) as PersonChange)
}

await runSample(story, '8. Stopping client, relay and MariaDB')
