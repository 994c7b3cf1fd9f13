import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { StatefulLaunch } from '../support/stateful-launch.ts'
import { ROW_TEXT } from '../support/markers.ts'

/* Stored places are looked at and moved with the command that every remedy names, against a real server. */
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

const insert = (id: number): Promise<unknown> =>
  server.query(`INSERT INTO shop.item VALUES (${id}, '${ROW_TEXT} ${id}')`)
const launchOf = (startFrom?: string): StatefulLaunch =>
  new StatefulLaunch({ uri: server.uri(), sources: ['shop.item'], ...(startFrom === undefined ? {} : { startFrom }) })

interface Shown {
  readonly kind: string
  readonly name: string
  readonly place?: { readonly scn: number; readonly file: string; readonly position: number; readonly gtid: string }
  readonly error?: string
  readonly journal: readonly Record<string, unknown>[]
}
async function shown(launch: StatefulLaunch): Promise<{ source: Shown; registration: Shown }> {
  const { output, errors } = await launch.state('show', '--json')
  const [source, registration] = JSON.parse(output) as Shown[]
  if (source?.kind !== 'source' || registration?.kind !== 'registration') throw new Error(`${output}\n${errors}`)
  return { source, registration }
}

describe('aesop-launch state', () => {
  test('shows and locates places while the process runs, which goes on, and refuses changes until it has ended', async () => {
    await using launch = launchOf()
    await insert(1)
    await launch.start()
    await launch.until('UPSERT 1')
    const refused = await launch.state('set', '--to', 'latest', '--yes')
    expect(refused).toMatchObject({ code: 4, output: '' })
    expect(refused.errors).toMatch(/AESOP_RUNTIME_STATE_HELD: .* is in use by shop \(process \d+ on /)
    const { code, output, errors } = await launch.state('locate', '--at', 'latest', '--json')
    expect(code, errors).toBe(0)
    const latest = JSON.parse(output) as NonNullable<Shown['place']>
    expect(await launch.state('locate', '--at', `${latest.file}:${latest.position}`)).toMatchObject({ code: 0 })
    expect((await launch.state('show')).output).toMatch(/^in use by shop \(process \d+ on /)
    await insert(2)
    await launch.until('UPSERT 2')
    // The log begins with the DROP of the table of the test before, which is told rightly.
    const told = launch.process?.errors.replace(/^.*WARN .*DROP of shop\.item: .*$/gm, '')
    expect(told).toContain('is ready')
    expect(told).not.toMatch(/can not be read now|WARN/)
    await launch.stop()
    const { source, registration } = await shown(launch)
    expect(source.place?.file).toMatch(/\.000001$/)
    expect(registration.place?.scn).toBe(source.place?.scn)
  })

  test('set shows what is skipped, skips it with --yes alone, and every later row comes', async () => {
    await using launch = launchOf()
    await insert(1)
    await launch.start()
    await launch.until('UPSERT 1')
    await launch.stop()
    await insert(2)
    const before = await shown(launch)
    const preview = await launch.state('set', '--source', 'shop', '--to', 'latest')
    expect(preview).toMatchObject({ code: 0 })
    expect(preview.output).toMatch(/SKIPPED[^]*Nothing was changed/)
    expect(await shown(launch)).toEqual(before)
    const done = await launch.state('set', '--to', 'latest', '--yes', '--reason', 'row 2 is bad', '--json')
    expect(JSON.parse(done.output)).toMatchObject({ kind: 'source', name: 'shop', done: true })
    const { source } = await shown(launch)
    expect(source.journal).toMatchObject([
      { what: 'set', reason: 'row 2 is bad', who: expect.stringContaining('@') as string },
    ])
    await insert(3)
    await launch.start()
    await launch.until('UPSERT 3')
    expect(launch.changes).toEqual(['UPSERT 1', 'UPSERT 3'])
  })

  test('set back lets rows come again, with SCNs above all that were there', async () => {
    await using launch = launchOf()
    await insert(1)
    await launch.start()
    await launch.until('UPSERT 1')
    await launch.stop()
    const before = await shown(launch)
    expect(await launch.state('set', '--to', 'earliest', '--yes')).toMatchObject({ code: 0 })
    await launch.start()
    await launch.process?.untilOutput(
      () => launch.changes.filter((change) => change === 'UPSERT 1').length === 2,
      60_000,
    )
    await launch.stop()
    const after = await shown(launch)
    expect(BigInt(after.source.place?.scn ?? 0)).toBeGreaterThan(BigInt(before.source.place?.scn ?? 0))
  })

  test('a registration is set to the oldest window, to the latest, to an SCN, and forgotten', async () => {
    await using launch = launchOf()
    await insert(1)
    await launch.start()
    await launch.until('UPSERT 1')
    await launch.stop()
    const { registration } = await shown(launch)
    const people = (verb: string, ...args: string[]) => launch.state(verb, '--registration', 'people', ...args, '--yes')
    expect((await people('set', '--to', 'oldest')).output).toContain('oldest window')
    expect((await people('set', '--to', '7')).code).toBe(0)
    expect((await shown(launch)).registration.place).toEqual({ scn: 7 })
    expect((await people('set', '--to', 'latest')).code).toBe(0)
    expect((await shown(launch)).registration.place?.scn).toBe(registration.place?.scn)
    expect((await people('set', '--to', 'yesterday')).errors).toContain('AESOP_CLIENT_REGISTRATION_PLACE')
    expect((await people('reset')).code).toBe(0)
    const { registration: last } = await shown(launch)
    expect(last.place).toBeUndefined()
    expect(last.journal.map(({ what }) => what)).toEqual(['set', 'set', 'set', 'reset'])
  })

  test('what can not be read is shown as that, and can be replaced', async () => {
    await using launch = launchOf()
    await insert(1)
    await launch.start()
    await launch.until('UPSERT 1')
    await launch.stop()
    const file = join(launch.folder, '.aesop/maxscn/shop.json')
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 20))
    expect((await shown(launch)).source.error).toContain(file)
    expect((await launch.state('set', '--to', 'latest', '--yes')).output).toContain('is replaced')
    await insert(2)
    await launch.start()
    await launch.until('UPSERT 2')
    await launch.stop()
    writeFileSync(join(launch.folder, '.aesop/checkpoints/people/current.json'), '{')
    expect((await shown(launch)).registration.error).toBeDefined()
    expect((await launch.state('set', '--registration', 'people', '--to', 'latest', '--yes')).code).toBe(0)
    await insert(3)
    await launch.start()
    await launch.until('UPSERT 3')
  })

  test('a place that is not there, a target that is not there, and what can not be released are named', async () => {
    await using launch = launchOf()
    for (const [args, code, text] of [
      [['set', '--to', 'shop-bin.000001:5'], 3, 'AESOP_MYSQL_'],
      [['set', '--to', 'tomorrow'], 3, 'AESOP_MYSQL_PLACE'],
      [
        ['set', '--source', 'shp', '--to', 'latest'],
        3,
        'there is no source "shp"; there is source "shop", registration "people"',
      ],
      [['set'], 2, 'needs --to'],
      [['release'], 2, 'needs --table <logical source>'],
      [['release', '--table', 'shop.item'], 3, 'none of its rows are left out'],
      [['show', '--to', 'x'], 2, 'takes no --to'],
    ] as const) {
      const [verb, ...rest] = args
      const end = await launch.state(verb, ...rest)
      expect(end, end.errors).toMatchObject({ code, output: '' })
      expect(end.errors).toContain(text)
    }
    rmSync(join(launch.folder, 'client-config.yaml'))
    expect((await launch.state('show')).code).toBe(3)
  })
})
