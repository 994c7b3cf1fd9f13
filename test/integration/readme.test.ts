import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LaunchedProcess } from '../support/launched-process.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { SERVER_PASSWORD, SERVER_PASSWORD_IN_URI } from '../support/markers.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const DEADLINE_MS = 30_000

/** The code blocks of the README whose first line names a file, by that name. */
function namedBlocks(): Map<string, string> {
  const blocks = [...README.matchAll(/```\w+\n(?:#|\/\/) (\S+\.(?:yaml|ts))\n([\s\S]*?)```/g)]
  return new Map(blocks.map((match) => [match[1] ?? '', match[2] ?? '']))
}

describe('the example of the README', () => {
  let server: MariadbServer
  let folder = ''
  beforeAll(async () => {
    server = await MariadbServer.start()
    // A folder inside the repository, as the README says: the packages are found from there.
    mkdirSync(join(ROOT, '.test-servers'), { recursive: true })
    folder = newFolder('readme', join(ROOT, '.test-servers'))
    for (const [name, text] of namedBlocks()) writeFileSync(join(folder, name), text)
    await server.query(
      'CREATE DATABASE or_test; CREATE TABLE or_test.person (id BIGINT PRIMARY KEY, name VARCHAR(40), balance DECIMAL(10,2))',
    )
    await server.query("DROP USER 'aesop'@'%'")
    const statements = /```sql\n([\s\S]*?)```/.exec(README)?.[1] ?? ''
    await server.query(statements.replace("'secret'", `'${SERVER_PASSWORD}'`))
  })
  afterAll(async () => {
    await server.destroy()
    removeFolder(folder)
  })

  test('has a consumer of at most 20 lines and runs as it stands', async () => {
    expect(namedBlocks().get('consumer.ts')?.split('\n').length).toBeLessThanOrEqual(20)
    const env = { DB_PASSWORD: SERVER_PASSWORD_IN_URI, DB_PORT: String(server.port) }
    const launch = LaunchedProcess.start(['bootstrap.yaml'], env, folder)
    await launch.untilReady(DEADLINE_MS)
    await server.query("INSERT INTO or_test.person VALUES (9007199254740993, 'Ada', 18.15)")
    const lines = await launch.untilOutput((output) => output.length >= 1, DEADLINE_MS)
    expect(lines[0]).toBe("UPSERT 9007199254740993n { id: 9007199254740993n, name: 'Ada', balance: '18.15' }")
    expect(await launch.stop()).toBe(0)
  })
})
