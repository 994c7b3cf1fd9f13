import { extent } from '../support/extent.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { ShopServer } from '../support/shop-server.ts'
import { StatefulLaunch } from '../support/stateful-launch.ts'
import { ROW_TEXT } from '../support/markers.ts'

/* A transaction that can't be captured ends its source by name, and the printed command goes past that one alone. */
/** The command that a message names. */
function commandIn(text: string): string {
  return (
    /aesop-launch state pass <bootstrap\.yaml> --source \S+ --at [^\s)"]+:\d+/.exec(text)?.[0] ??
    `no command in: ${text}`
  )
}

interface Entry {
  readonly what: string
  readonly file: string
  readonly position: number
  readonly gtid?: string
  readonly rowsEvents?: Record<string, number>
}
async function journalOf(launch: StatefulLaunch): Promise<readonly Entry[]> {
  const { output } = await launch.state('show', '--source', 'shop', '--json')
  return (JSON.parse(output) as { journal: Entry[] }[])[0]?.journal ?? []
}

const FAULTS: readonly [string, string, number | undefined, (shop: ShopServer) => Promise<unknown>][] = [
  [
    'a row image that lacks columns',
    'AESOP_MYSQL_ROW_IMAGE_INCOMPLETE',
    undefined,
    async ({ server }) => {
      const session = await server.connect()
      await session.query('SET SESSION binlog_row_image=MINIMAL')
      await session.query('BEGIN')
      await session.query(`INSERT INTO shop.item VALUES (90, '${ROW_TEXT}', 0)`)
      await session.query(`UPDATE shop.item SET name='${ROW_TEXT}' WHERE id=1`)
      await session.query('COMMIT')
      await session.end()
    },
  ],
  [
    'a row image that lacks its BLOB',
    'AESOP_MYSQL_ROW_IMAGE_INCOMPLETE',
    undefined,
    async ({ server }) => {
      const session = await server.connect()
      await session.query('SET SESSION binlog_row_image=NOBLOB')
      await session.query('UPDATE shop.item SET more=1 WHERE id=1')
      await session.end()
    },
  ],
  [
    'a transaction larger than the buffer',
    'AESOP_BUFFER_WINDOW_TOO_LARGE',
    1024 * 1024,
    ({ server }) => {
      const rows = Array.from({ length: 3000 }, (_, i) => `(${i + 1000}, REPEAT('x', 1000), 0)`)
      return server.query(`INSERT INTO shop.item VALUES ${rows.join(',')}`)
    },
  ],
]

describe.each(['MariaDB', 'MySQL'] as const)('aesop-launch state pass, of a %s,', (product) => {
  let shop: ShopServer
  beforeAll(async () => {
    shop = await ShopServer.start(product)
  })
  afterAll(() => shop[Symbol.asyncDispose]())
  beforeEach(() => shop.begin())

  const insert = (id: number): Promise<void> => shop.insert(id)
  const launchOf = (bufferBytes?: number): StatefulLaunch =>
    new StatefulLaunch({
      uri: shop.server.uri(),
      sources: ['shop.item'],
      ...(bufferBytes === undefined ? {} : { bufferBytes }),
    })

  const faults = product === 'MariaDB' ? FAULTS : extent(FAULTS.slice(0, 1), FAULTS.slice(1))
  test.each(faults)('goes past %s, and past nothing else', async (_what, code, bufferBytes, spoil) => {
    await using launch = launchOf(bufferBytes)
    await insert(1)
    await spoil(shop)
    await insert(2)
    const failed = await launch.startInVain()
    expect(failed.code).toBe(1)
    expect(failed.errors).toContain(code)
    const passed = await launch.remedy(commandIn(failed.errors), '--yes', '--reason', 'known to be bad')
    expect(passed.code, passed.errors).toBe(0)
    await launch.start()
    await launch.until('UPSERT 2')
    await insert(3)
    await launch.until('UPSERT 3')
    expect([...new Set(launch.changes)]).toEqual(['UPSERT 1', 'UPSERT 2', 'UPSERT 3'])
    await launch.stop()
    // Read again from an earlier mark, it is passed over again, and noted once.
    await insert(4)
    await launch.start()
    await launch.until('UPSERT 4')
    const journal = await journalOf(launch)
    expect(journal.map(({ what }) => what)).toEqual(['pass', 'passed'])
    const [asked, done] = journal
    expect(done).toMatchObject({ file: asked?.file, position: asked?.position, gtid: asked?.gtid })
    expect(asked?.gtid).toMatch(product === 'MariaDB' ? /^0-\d+-\d+$/ : /^[0-9a-f-]{36}:\d+$/)
    expect(done?.rowsEvents).toEqual({ 'shop.item': expect.any(Number) as number })
  })

  test('refuses a place where no transaction begins, and one of another log is not passed over', async () => {
    await using launch = launchOf()
    await insert(1)
    const { file, position: place } = await shop.end()
    await insert(2)
    const at = (position: number): string => `${file}:${position}`
    expect((await launch.state('pass', '--at', at(place - 1), '--yes')).errors).toContain(
      'lies inside of the transaction',
    )
    expect((await launch.state('pass', '--at', 'latest', '--yes')).errors).toContain('<file>:<position>')
    expect((await launch.state('pass', '--at', at(place), '--yes')).code).toBe(0)
    // The same place in the log of another history: its identifier differs.
    await shop.resetLog()
    if (product === 'MariaDB') await shop.server.query('SET SESSION gtid_seq_no=500')
    else await insert(10)
    for (const id of [11, 12, 13]) await insert(id)
    await launch.start()
    for (const id of [11, 12, 13]) await launch.until(`UPSERT ${id}`)
  })
})

describe('an incident in the log of a MariaDB', () => {
  test('ends the source, and the printed command goes past it and loses nothing else', async () => {
    const lines = ['binlog-stmt-cache-size=4096', 'max-binlog-stmt-cache-size=4096']
    const server = await MariadbServer.start({ lines })
    try {
      await server.query(`CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY);
        CREATE TABLE shop.log (id INT PRIMARY KEY, b TEXT) ENGINE=MyISAM`)
      await using launch = new StatefulLaunch({ uri: server.uri(), sources: ['shop.item', 'shop.log'] })
      await server.query('USE shop; INSERT INTO item VALUES (1)')
      const tooMuch = server.query("INSERT INTO log SELECT seq, REPEAT('x', 2000) FROM seq_1_to_50")
      await expect(tooMuch).rejects.toMatchObject({ errno: 1705 })
      await server.query('INSERT INTO item VALUES (2)')
      const failed = await launch.startInVain()
      expect(failed.errors).toContain('AESOP_MYSQL_INCIDENT')
      const passed = await launch.remedy(
        commandIn(failed.errors),
        '--yes',
        '--reason',
        'the log lacks rows of shop.log',
      )
      expect(passed.code, passed.errors).toBe(0)
      await launch.start()
      await launch.until('UPSERT 2')
      expect([...new Set(launch.changes)]).toEqual(['UPSERT 1', 'UPSERT 2'])
      expect((await journalOf(launch)).map(({ what }) => what)).toEqual(['pass', 'passed'])
    } finally {
      await server.destroy()
    }
  })
})
