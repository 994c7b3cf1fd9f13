import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { extent } from '../support/extent.ts'
import { ShopServer } from '../support/shop-server.ts'
import { StatefulLaunch } from '../support/stateful-launch.ts'

/* Places of a log are named, found and gone on from in the words of both servers. */
describe.each(['MariaDB', 'MySQL'] as const)('places of a %s', (product) => {
  let shop: ShopServer
  beforeAll(async () => {
    shop = await ShopServer.start(product)
  })
  afterAll(() => shop[Symbol.asyncDispose]())
  beforeEach(() => shop.begin())

  const launchOf = (): StatefulLaunch => new StatefulLaunch({ uri: shop.server.uri(), sources: ['shop.item'] })

  test('locates an SCN, a file and position, a GTID and a time as one place, and names a place inside of a transaction', async () => {
    await using launch = launchOf()
    await shop.server.query('SET TIMESTAMP=1700000000')
    await shop.insert(1)
    const { file, position, gtid } = await shop.end()
    const at = `${file}:${position}`
    await shop.insert(2)
    const locate = async (place: string): Promise<Record<string, unknown>> => {
      const { output, errors } = await launch.state('locate', '--at', place, '--json')
      expect(errors).toBe('')
      return JSON.parse(output) as Record<string, unknown>
    }
    const place = await locate(at)
    expect(place).toMatchObject({ file, position, gtid })
    expect(await locate(String(place['scn']))).toEqual(place)
    expect(await locate(`gtid:${gtid}`)).toEqual(place)
    const inside = await launch.state('locate', '--at', `${file}:${position - 1}`)
    expect(inside.code).toBe(3)
    expect(inside.errors).toMatch(
      /AESOP_MYSQL_PLACE: .* lies inside of the transaction that begins at \S+:\d+ and ends at /,
    )
    const beyond = await launch.state('locate', '--at', `${file}:99999999`)
    expect(beyond.errors).toMatch(/AESOP_MYSQL_PLACE: .* the log ends at \S+:\d+/)
    const later = await locate(`timestamp:${Date.now() + 3_600_000}`)
    const latest = await shop.end()
    expect(later).toMatchObject({ file: latest.file, position: latest.position })
  })

  test.each(
    extent<'reset' | 'set'>([product === 'MariaDB' ? 'set' : 'reset'], [product === 'MariaDB' ? 'reset' : 'set']),
  )('after RESET MASTER, %s lets the source go on in the new log, and the registration with it', async (verb) => {
    await using launch = launchOf()
    for (let id = 1; id <= 5; id++) await shop.insert(id)
    await launch.start()
    await launch.until('UPSERT 5')
    await launch.stop()
    await shop.resetLog()
    await shop.insert(6)
    const to = verb === 'set' ? ['--to', 'earliest'] : []
    const moved = await launch.state(verb, '--source', 'shop', ...to, '--yes')
    expect(moved.code, moved.errors).toBe(0)
    await launch.start()
    await launch.until('UPSERT 6')
    await shop.insert(7)
    await launch.until('UPSERT 7')
    await launch.stop()
    // And it stays so: the place is stored as any other.
    await shop.insert(8)
    await launch.start()
    await launch.until('UPSERT 8')
  })
})
