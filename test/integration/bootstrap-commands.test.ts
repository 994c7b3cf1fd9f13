import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BootstrapLaunch, SOURCE } from '../support/bootstrap-launch.ts'
import { type LaunchedProcess } from '../support/launched-process.ts'
import { ShopServer } from '../support/shop-server.ts'

const ROWS = 3000
const COMMAND_MS = 60_000

/** What a command wrote, once it has ended as it should. */
async function told(command: LaunchedProcess, code = 0): Promise<string> {
  expect(await command.untilExit(), command.errors).toBe(code)
  return code === 0 ? command.output.join('\n') : command.errors
}

describe('aesop-launch bootstrap', () => {
  let shop: ShopServer
  beforeAll(async () => {
    shop = await ShopServer.start('MariaDB')
  })
  afterAll(() => shop[Symbol.asyncDispose]())

  test('shows, holds, begins and ends seedings of a running producer, and reads the store of one that does not run', async () => {
    await shop.begin()
    const rows = Array.from({ length: ROWS }, (_, id) => `(${id}, 'row ${id}', 0)`)
    await shop.server.query(`INSERT INTO shop.item VALUES ${rows.join(', ')}`)
    await shop.resetLog()
    const launch = await BootstrapLaunch.of(shop.server.uri(), 'seedRowsPerSecond: 200')
    await launch.start('relay')
    const producer = await launch.start('bootstrap-producer')
    await launch.isServed()
    expect(await told(launch.command('status'))).toMatch(
      /shop, into .*store\.db\n {2}shop\.item: ACTIVE, 3000 rows seeded/,
    )

    const followed = launch.command('seed', SOURCE)
    await followed.untilOutput((lines) => lines.some((line) => /^shop\.item: seeding, /.test(line)), COMMAND_MS)
    followed.child.kill('SIGINT')
    expect(await followed.untilExit()).toBe(130)
    expect(followed.output.join('\n')).toContain('the seeding of shop.item goes on in its process')

    expect(await told(launch.command('pause'))).toContain('seedings are held')
    expect(await told(launch.command('status'))).toMatch(/seeding shop\.item: paused/)
    const report = JSON.parse(await told(launch.command('resume', '--json'))) as Record<string, object>
    expect(report).toMatchObject({ shop: { isPaused: false, sources: [{ source: SOURCE, status: 'SEEDING' }] } })
    expect(await told(launch.command('cancel', SOURCE))).toContain('shop.item: INACTIVE')

    const part = await told(launch.command('seed', SOURCE, '--where', 'id < 10'))
    expect(part).toMatch(/shop\.item: done, \[#{20}\] 100 %, 10 of about \d+ rows, where id < 10/)
    expect(part).not.toContain('\u001b[')
    expect(await told(launch.command('seed', 'shop.nothing'), 3)).toContain('there is no source "shop.nothing"')
    expect(await told(launch.command('seed', SOURCE, '--where', 'no_such_column = 1'), 3)).toContain('no_such_column')
    expect(await told(launch.command('seed'), 2)).toContain('bootstrap seed needs one table')
    expect(await told(launch.command('stop'), 2)).toContain('bootstrap needs one of seed, status')

    expect(await producer.stop()).toBe(0)
    expect(await told(launch.command('status'), 3)).toContain('AESOP_BOOTSTRAP_ADMIN_UNREACHABLE')
    expect(await told(launch.command('status', 'bootstrap-producer.yaml'))).toMatch(
      /^shop\.item: ACTIVE, 10 rows seeded/,
    )
  })
})
