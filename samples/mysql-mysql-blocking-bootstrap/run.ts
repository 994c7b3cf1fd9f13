import { LaunchedProcess } from '../../test/support/launched-process.ts'
import { type MariadbServer } from '../../test/support/mariadb-server.ts'
import { runSample, type SampleRun, say, step } from '../run/sample-run.ts'
import { PeopleWriter } from './people-writer.ts'

/*
 * A table of one private MariaDB into a table of another one, while somebody writes all the time: rows first, what was changed meanwhile beside
 * them, and the place where an online client would take over. A second run goes on from there and brings the rest; then both are compared.
 */
const DEADLINE_MS = 60_000
const PEOPLE = 20_000
const DESCRIPTOR = 'samples/mysql-mysql-blocking-bootstrap/bootstrap.yaml'

/** One bounded run as a process of its own. Shows how far it was, and what it has come to. */
async function bootstrap(run: SampleRun, env: Readonly<Record<string, string>>): Promise<void> {
  const launched = run.own(LaunchedProcess.start([DESCRIPTOR], { ...env, SAMPLE_ROOT: run.rootOf('run') }))
  await launched.until(() => launched.exitCode !== undefined, DEADLINE_MS, 'the run was done')
  if (launched.exitCode !== 0) throw new Error(`the run ended with ${String(launched.exitCode)}:\n${launched.errors}`)
  for (const line of launched.errors.split('\n').filter((text) => text.includes('rows/s'))) say(`     ${line.trim()}`)
  say(`     ${launched.output.at(-1) ?? ''}`)
}

async function story(run: SampleRun): Promise<void> {
  const source = await step('1. Starting a private MariaDB, and another one', () => run.startMariadb())
  const target = await run.startMariadb()
  await step(`2. Creating or_test.person with ${PEOPLE} people, and an empty or_copy.person`, () =>
    prepare(source, target),
  )
  const writer = new PeopleWriter(source, PEOPLE)
  const writing = writer.run()
  run.own({
    stop: () => {
      writer.stop()
      return writing
    },
  })
  const env = { DB_PORT: String(source.port), TARGET_PORT: String(target.port) }
  say('3. Bootstrapping while people are changed')
  await bootstrap(run, env)
  writer.stop()
  await writing
  say(`4. Going on from there, to the end of the log (${writer.transactions} transactions were committed meanwhile)`)
  await bootstrap(run, { ...env, UNTIL: await endOfLog(source) })
  const [people, copies] = [await rowsOf(source, 'or_test'), await rowsOf(target, 'or_copy')]
  if (people !== copies) throw new Error('the copy differs from the table')
  say(`5. The copy equals the table: ${(JSON.parse(people) as unknown[]).length} people.`)
}

async function prepare(source: MariadbServer, target: MariadbServer): Promise<void> {
  const columns = 'first_name VARCHAR(40) NOT NULL, last_name VARCHAR(40) NOT NULL, balance DECIMAL(12,2) NOT NULL'
  await source.query(`CREATE DATABASE or_test; CREATE TABLE or_test.person (id BIGINT PRIMARY KEY, ${columns})`)
  await source.query(
    `INSERT INTO or_test.person SELECT seq, CONCAT('first ', seq), CONCAT('last ', seq), seq / 100 FROM or_test.seq_1_to_${PEOPLE}`,
  )
  await source.query("CREATE USER or_test@'127.0.0.1' IDENTIFIED BY 'or_test'")
  await source.query("GRANT REPLICATION SLAVE, BINLOG MONITOR, SELECT ON *.* TO or_test@'127.0.0.1'")
  await target.query(`CREATE DATABASE or_copy; CREATE TABLE or_copy.person (id BIGINT PRIMARY KEY, ${columns})`)
  await target.query("CREATE USER or_copy@'127.0.0.1' IDENTIFIED BY 'or_copy'")
  await target.query("GRANT SELECT, INSERT, UPDATE, DELETE, DROP ON or_copy.* TO or_copy@'127.0.0.1'")
}

/** Where the last transaction ends: a place of the log, as the server names it. */
async function endOfLog(source: MariadbServer): Promise<string> {
  await source.query("UPDATE or_test.person SET last_name = 'the last one' ORDER BY id LIMIT 1")
  const [row] = await source.query<{ File: string; Position: number }>('SHOW MASTER STATUS')
  return `${row?.File ?? ''}:${row?.Position ?? 0}`
}

async function rowsOf(from: MariadbServer, database: string): Promise<string> {
  return JSON.stringify(
    await from.query(`SELECT id, first_name, last_name, balance FROM ${database}.person ORDER BY id`),
  )
}

await runSample(story, '6. Stopping both MariaDBs')
