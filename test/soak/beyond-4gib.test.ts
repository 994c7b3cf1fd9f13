import { afterEach, describe, expect, it } from 'vitest'
import { type PrivateServer } from '../support/private-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { MARIADB } from '../support/server-history.ts'
import { until } from '../support/until.ts'

/*
 * A log that one huge transaction made larger than 4 GiB, with small transactions behind it in the same commit group: the
 * server rotates only after the group. It takes 10 GB of disk and some minutes.
 */
const HUGE_ROWS = 4400
const POSITION_BOUND = 0x100000000n - 0x100000n

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
})

/** Four connections that commit together: the huge transaction first, then three rows of the captured table. */
async function commitTogether(server: PrivateServer): Promise<void> {
  const [huge, ...small] = await Promise.all([0, 1, 2, 3].map(() => server.connect()))
  if (huge === undefined) throw new Error('no connection')
  try {
    await huge.query(`USE g; BEGIN; INSERT INTO g.big SELECT seq, REPEAT('x', 1000000) FROM g.seq_1_to_${HUGE_ROWS}`)
    for (const [i, connection] of small.entries()) await connection.query(`BEGIN; INSERT INTO g.t VALUES (${i + 1})`)
    await server.query('SET GLOBAL binlog_commit_wait_usec=120000000; SET GLOBAL binlog_commit_wait_count=4')
    const commits: Promise<unknown>[] = []
    // One after the other, so that the group has the huge one in front.
    for (const connection of [huge, ...small]) {
      commits.push(connection.query('COMMIT'))
      if (commits.length < 4) await until('a commit to wait', async () => (await committing(server)) >= commits.length)
    }
    await Promise.all(commits)
  } finally {
    for (const connection of [huge, ...small]) connection.destroy()
  }
}

async function committing(server: PrivateServer): Promise<number> {
  const threads = await server.query<{ Info: string | null }>('SHOW PROCESSLIST')
  return threads.filter(({ Info }) => Info === 'COMMIT').length
}

describe('a log beyond 4 GiB', () => {
  it('gives each window behind the huge transaction an SCN of its own, and goes on behind each of them', async () => {
    const server = await MARIADB.start({
      lines: ['plugin-load-add=ha_blackhole', 'max-binlog-size=1073741824', 'sync-binlog=0'],
    })
    open.push({ close: () => server.destroy() })
    await server.query('CREATE DATABASE g; CREATE TABLE g.t (id INT PRIMARY KEY)')
    await server.query('CREATE TABLE g.big (id INT, filler LONGTEXT) ENGINE=BLACKHOLE')
    const rig = new ProducerRig({ uri: server.uri(), name: 'g', sources: ['g.t'] })
    open.push({ close: () => rig.producer.stop() })
    await rig.start()
    await commitTogether(server)
    await server.query('SET GLOBAL binlog_commit_wait_count=0; INSERT INTO g.t VALUES (9)')
    await until('all rows', () => rig.ledger.ids.length >= 4, 600_000)
    expect(rig.ledger.ids).toEqual([1, 2, 3, 9])
    const windows = rig.ledger.windows.filter(({ rows }) => rows.length > 0)
    const low = windows.map(({ scn }) => scn & 0xffffffffn)
    expect(low.slice(0, 3)).toEqual([1n, 2n, 3n].map((n) => POSITION_BOUND + n))
    await rig.producer.stop()
    for (const [i, { scn }] of windows.entries()) {
      // From the SCN alone, which its log has to be read for.
      const again = new ProducerRig({ uri: server.uri(), name: 'g', sources: ['g.t'] })
      open.push({ close: () => again.producer.stop() })
      again.maxScn.save({ scn, savedAtMs: 0 })
      await again.start()
      const rest = windows.slice(i + 1)
      await until('the rest', () => again.ledger.ids.length >= rest.length, 600_000)
      expect(again.ledger.windows.filter(({ rows }) => rows.length > 0)).toEqual(rest)
      await again.producer.stop()
      // And from what was stored then, which proves itself.
      const stored = await again.again().start()
      open.push({ close: () => stored.producer.stop() })
      await stored.producer.stop()
      expect(stored.failures).toEqual([])
    }
  })
})
