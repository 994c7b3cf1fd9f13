import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ShopServer } from '../support/shop-server.ts'
import { extent } from '../support/extent.ts'
import { StatefulLaunch } from '../support/stateful-launch.ts'
import { until } from '../support/until.ts'
import { fetchSearched } from '../support/searched-page.ts'
import { ROW_TEXT } from '../support/markers.ts'

/* The whole way of a table that can't be captured, by the commands that are printed: left out, shown, resumed, released. */

/** What `state show` says of rows that are left out. */
async function leftOut(launch: StatefulLaunch): Promise<unknown> {
  const { output } = await launch.state('show', '--source', 'shop', '--json')
  return (JSON.parse(output) as { leftOut?: unknown }[])[0]?.leftOut
}

/** Calls the action of the client as docs/operating.md says. */
async function resume(errors: string): Promise<void> {
  const admin = /admin=(http:\S+)/.exec(errors)?.[1] ?? `no admin server in: ${errors}`
  const answer = await fetchSearched(`${admin}/admin/beans/client/actions/resume?container=client`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '"people"',
  })
  expect(JSON.parse(answer.text)).toEqual({ result: 1 })
}

describe.each(extent<'MariaDB' | 'MySQL'>(['MariaDB'], ['MySQL']))(
  'aesop-launch state release, of a %s,',
  (product) => {
    let shop: ShopServer
    beforeAll(async () => {
      shop = await ShopServer.start(product)
    })
    afterAll(() => shop[Symbol.asyncDispose]())
    beforeEach(async () => {
      await shop.begin()
      await shop.server.query('CREATE TABLE shop.other (id INT PRIMARY KEY)')
    })

    const other = (id: number): Promise<unknown> => shop.server.query(`INSERT INTO shop.other VALUES (${id})`)
    const launchOf = (): StatefulLaunch =>
      new StatefulLaunch({
        uri: shop.server.uri(),
        sources: ['shop.item', 'shop.other'],
        onTableFault: 'quarantine',
      })

    async function spoil(): Promise<void> {
      const session = await shop.server.connect()
      await session.query(`SET SESSION binlog_row_image=MINIMAL; UPDATE shop.item SET name='${ROW_TEXT}' WHERE id=1`)
      await session.end()
    }

    test('delivers the rows of a table again that were left out, and the printed command is the one that does it', async () => {
      await using launch = launchOf()
      const running = await launch.start([], ['--admin', '0'])
      await shop.insert(1)
      await launch.until('UPSERT 1')
      await spoil()
      await shop.insert(2)
      await other(50)
      // The default of a registration: it stops where rows begin to be left out, and goes on when somebody says so.
      await until('the suspension', () => running.errors.includes('AESOP_CLIENT_SOURCE_QUARANTINED'))
      expect(launch.changes).toEqual(['UPSERT 1'])
      await resume(running.errors)
      await launch.until('UPSERT 50')
      const fault = expect.stringContaining('AESOP_MYSQL_ROW_IMAGE_INCOMPLETE') as string
      const gap = { source: 'shop.item', rows: 2, uncountedEvents: 0, fault }
      expect((await launch.state('release', '--table', 'shop.item', '--yes')).errors).toContain(
        'AESOP_RUNTIME_STATE_HELD',
      )
      await launch.stop()
      expect(await leftOut(launch)).toMatchObject([gap])
      expect((await launch.state('show')).output).toContain('left out {')
      const printed =
        /aesop-launch state release \S+ --source \S+ --table \S+/.exec(running.errors)?.[0] ?? 'no command in the log'
      expect((await launch.remedy(printed)).output).toContain('Nothing was changed: --yes does it.')
      expect(await leftOut(launch)).toMatchObject([gap])
      const released = await launch.remedy(printed, '--yes', '--reason', 'mended')
      expect(released.code, released.errors).toBe(0)
      expect(await leftOut(launch)).toBeUndefined()
      await launch.start()
      await shop.insert(3)
      await launch.until('UPSERT 3')
      expect(launch.changes).toEqual(['UPSERT 1', 'UPSERT 50', 'UPSERT 3'])
      expect((await launch.state('release', '--table', 'shop.item')).errors).toContain('none of its rows are left out')
    })
  },
)
