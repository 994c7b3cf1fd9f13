import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fileNumberOf, formatBinlogScn } from '@aesop/producer-mysql'
import { extent } from '../support/extent.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { type CommandEnd, StatefulLaunch } from '../support/stateful-launch.ts'
import { until } from '../support/until.ts'
import { ROW_TEXT } from '../support/markers.ts'

/*
 * Every remedy that names `aesop-launch state` is run in the state that prints it, word for word, and afterwards the change
 * stream goes on with what is written next. Transactions that can't be captured are in state-pass.test.ts.
 */
let server: MariadbServer
beforeAll(async () => {
  server = await MariadbServer.start()
})
afterAll(() => server.destroy())
beforeEach(async () => {
  await server.query('RESET MASTER')
  await server.query('DROP DATABASE IF EXISTS shop')
  await server.query('CREATE DATABASE shop')
  await server.query('CREATE TABLE shop.item (id BIGINT PRIMARY KEY, name VARCHAR(40))')
})

let nextId = 1
async function insert(): Promise<number> {
  await server.query(`INSERT INTO shop.item VALUES (${nextId}, '${ROW_TEXT}')`)
  return nextId++
}

/** The commands that a text prints, with what its reader fills in. */
function commandsIn(text: string): string[] {
  const found = [...text.matchAll(/aesop-launch state \w+ <bootstrap\.yaml>(?: --[a-z]+ [^\s;,)]+)*/g)]
  return [...new Set(found.map(([command]) => command.replace('<place>', 'latest')))]
}

/** A source and a registration that have read one row, and ended. */
async function settled(startFrom: string, aheadPatienceMs?: number): Promise<StatefulLaunch> {
  const launch = new StatefulLaunch({ uri: server.uri(), sources: ['shop.item'], startFrom, aheadPatienceMs })
  await launch.start()
  await launch.until(`UPSERT ${await insert()}`)
  await launch.stop()
  return launch
}

/** The end of the log, as a place is written. */
async function reached(): Promise<string> {
  const [end] = await server.query<{ File: string; Position: number }>('SHOW MASTER STATUS')
  return `${end?.File}:${end?.Position}`
}

/** Cuts a file of the state in the middle. */
function cut(launch: StatefulLaunch, path: string): void {
  const file = join(launch.folder, '.aesop', path)
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, 20))
}

/** Puts a word where a number belongs. */
function garble(launch: StatefulLaunch, path: string): void {
  const file = join(launch.folder, '.aesop', path)
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"generation":\d+/g, '"generation":"first"'))
}

/** Runs each printed command from the state as it is now: after each, what is written next arrives. */
async function tryAll(launch: StatefulLaunch, printed: CommandEnd | string, commands: number): Promise<void> {
  const state = join(launch.folder, '.aesop')
  const copy = join(launch.folder, 'copy')
  cpSync(state, copy, { recursive: true, filter: (path) => !path.includes('.lock') })
  const text = typeof printed === 'string' ? printed : printed.errors
  const found = commandsIn(text)
  expect(found, text).toHaveLength(commands)
  for (const command of found) {
    rmSync(state, { recursive: true })
    cpSync(copy, state, { recursive: true })
    expect(command).not.toMatch(/<name>|<id>/)
    const preview = await launch.remedy(command)
    expect(preview.output, preview.errors).toContain('--yes does it')
    const done = await launch.remedy(command, '--yes')
    expect(done.code, done.errors).toBe(0)
    await launch.start()
    await launch.until(`UPSERT ${await insert()}`)
    await launch.stop()
  }
}

describe('the printed remedy works', () => {
  test('of a log that was purged', async () => {
    await using launch = await settled('earliest')
    await insert()
    await server.purge()
    const failed = await launch.startInVain()
    expect(failed.errors).toContain('AESOP_MYSQL_LOG_PURGED')
    await tryAll(launch, failed, 1)
  })

  test('of a log that was reset', async () => {
    await using launch = await settled('latest')
    await server.query('RESET MASTER')
    const failed = await launch.startInVain()
    expect(failed.errors).toMatch(/AESOP_MYSQL_(POSITION_IN_FUTURE|LOG_RESET)/)
    await tryAll(launch, failed, 1)
  })

  test.each(
    extent(
      [{ what: 'can not be read', spoil: cut, code: 'AESOP_CHECKPOINT_MAXSCN_UNREADABLE' }],
      [{ what: 'makes no sense', spoil: garble, code: 'AESOP_MYSQL_STORED_POSITION' }],
    ),
  )('of a stored place that $what', async ({ spoil, code }) => {
    await using launch = await settled('earliest')
    spoil(launch, 'maxscn/shop.json')
    const failed = await launch.startInVain()
    expect(failed.errors).toContain(code)
    await tryAll(launch, failed, 2)
  })

  test('of a checkpoint that can not be read', async () => {
    await using launch = await settled('earliest')
    cut(launch, 'checkpoints/people/current.json')
    const failed = await launch.startInVain()
    expect(failed.errors).toContain('AESOP_CHECKPOINT_UNREADABLE')
    await tryAll(launch, failed, 1)
  })

  test.each(
    extent(
      [['older than all that the relay has', '7', 'AESOP_RELAY_SCN_NOT_FOUND']],
      // A relay waits half a minute for its source.
      [['ahead of its relay', '9000000000000000000', 'AESOP_RELAY_SCN_IN_FUTURE']],
    ),
  )('of a registration whose checkpoint is %s', async (_what, scn = '', code = '') => {
    // The relay itself waits for its source half a minute: that is long enough here.
    await using launch = await settled('latest', 1000)
    expect((await launch.state('set', '--registration', 'people', '--to', scn, '--yes')).code).toBe(0)
    const launched = await launch.start()
    await until(`the registration stops with ${code}`, () => launched.errors.includes('is suspended'), 90_000)
    const printed = launched.errors
    await launch.stop()
    expect(printed).toContain(code)
    await tryAll(launch, printed, 1)
  })

  test('of an XA transaction that waits for ever', async () => {
    await using launch = await settled('latest')
    const session = await server.connect()
    await session.query(
      `SET timestamp = UNIX_TIMESTAMP() - 7200; XA START 'lost'; INSERT INTO shop.item VALUES (${nextId++}, 'lost'); XA END 'lost'; XA PREPARE 'lost'`,
    )
    await session.end()
    let launched = await launch.start([], ['--admin', '0'])
    const pageOf = async (path: string): Promise<string> =>
      (await fetch(`${/admin=(\S+)/.exec(launched.errors)?.[1] ?? ''}${path}`)).text()
    const WAITS = /the XA transaction x'6c6f7374',x'',1 has waited .* must not be purged/
    await until('it is told', async () => WAITS.test(await pageOf('/health/ready')))
    expect(await pageOf('/metrics')).toMatch(/producer_xa_waiting_seconds\S* 72\d\d\b/)
    // What comes behind it is delivered meanwhile, and then there is another place.
    await launch.until(`UPSERT ${await insert()}`)
    await until('nothing comes any more', async () => (await pageOf('/health/ready')).includes(await reached()))
    const printed = await pageOf('/health/ready')
    await launch.stop()
    await tryAll(launch, printed, 1)
    launched = await launch.start([], ['--admin', '0'])
    expect(await pageOf('/metrics')).toMatch(/producer_xa_waiting\{\S* 0\b/)
    expect(await pageOf('/health/ready')).not.toMatch(WAITS)
    await server.query("XA ROLLBACK 'lost'")
  })

  test('of a place inside an event, which the server can not read from', async () => {
    await insert()
    const [event] = await server.query<{ Log_name: string; Pos: number }>('SHOW BINLOG EVENTS LIMIT 3, 1')
    const { Log_name: file = '', Pos = 0 } = event ?? {}
    const scn = formatBinlogScn(0, fileNumberOf(file), Pos + 7)
    await using launch = new StatefulLaunch({ uri: server.uri(), sources: ['shop.item'], startFrom: `scn:${scn}` })
    const failed = await launch.startInVain()
    expect(failed.errors).toMatch(/AESOP_MYSQL_(LOG_UNREADABLE|EVENT_TOO_LARGE)/)
    const [locate = '', set = ''] = commandsIn(failed.errors)
    // The first command says where the transaction begins, the second goes on there.
    const located = await launch.remedy(locate)
    const begins = /begins at (\S+:\d+)/.exec(located.errors)?.[1] ?? `no place in: ${located.errors}`
    const done = await launch.remedy(set.replace(/--to \S+/, `--to ${begins}`), '--yes')
    expect(done.code, done.errors).toBe(0)
    await launch.start()
    await launch.until(`UPSERT ${await insert()}`)
  })

  test('of a stored place in the middle of a transaction', async () => {
    await using launch = await settled('earliest')
    await insert()
    const events = await server.query<{ Pos: number; Event_type: string }>('SHOW BINLOG EVENTS')
    const rows = events.findLast(({ Event_type }) => Event_type.startsWith('Write_rows'))
    const path = join(launch.folder, '.aesop/maxscn/shop.json')
    const { position, ...record } = JSON.parse(readFileSync(path, 'utf8')) as { position: Record<string, unknown> }
    // As an older version stored it, which kept no fingerprint.
    const { log, event, reread, ...place } = position
    expect([log, event, reread]).not.toContain(undefined)
    writeFileSync(path, JSON.stringify({ ...record, position: { ...place, position: rows?.Pos } }))
    const failed = await launch.startInVain()
    expect(failed.errors).toContain('AESOP_MYSQL_TRANSACTION_ORDER')
    await tryAll(launch, failed, 1)
  })

  test('of a log whose number does not fit into an SCN', async () => {
    await server.query('RESET MASTER TO 1048576')
    await insert()
    await using launch = new StatefulLaunch({ uri: server.uri(), sources: ['shop.item'] })
    const failed = await launch.startInVain()
    expect(failed.errors).toContain('AESOP_MYSQL_SCN_OVERFLOW')
    // The first step of the remedy.
    await server.query('RESET MASTER')
    await tryAll(launch, failed, 1)
  })

  test('of a checkpoint that is no place to start from', async () => {
    await using launch = await settled('earliest')
    const path = join(launch.folder, '.aesop/checkpoints/people/current.json')
    const checkpoint = JSON.parse(readFileSync(path, 'utf8')) as object
    writeFileSync(path, JSON.stringify({ ...checkpoint, windowOffset: 1, prevScn: -1 }))
    const failed = await launch.startInVain()
    expect(failed.errors).toContain('AESOP_CHECKPOINT_')
    await tryAll(launch, failed, 1)
  })
})
