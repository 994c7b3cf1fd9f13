import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ChangePath } from '../support/change-path.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { until } from '../support/until.ts'

const DEADLINE_MS = 120_000

describe('a slow consumer', () => {
  let server: MariadbServer
  beforeAll(async () => {
    server = await MariadbServer.start()
    await server.query('CREATE DATABASE shop')
  })
  afterAll(async () => {
    await server.destroy()
  })
  beforeEach(async () => {
    await server.query('DROP TABLE IF EXISTS shop.item')
    await server.query('RESET MASTER')
    await server.query('CREATE TABLE shop.item (id INT PRIMARY KEY)')
  })

  /** One transaction of the rows from..to. */
  const insert = (from: number, to: number): Promise<unknown> =>
    server.query(`INSERT INTO shop.item SELECT seq FROM shop.seq_${from}_to_${to}`)
  const taken = ({ lines }: ChangePath): number[] =>
    lines.filter((line) => line.startsWith('UPSERT')).map((line) => Number(line.split(' ')[2]))
  const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)

  test('that is stopped within a transaction finishes it, and nothing of it comes again', async () => {
    const options = { uri: server.uri(), sources: ['shop.item'], consumer: 'SlowFactory' }
    await using path = await ChangePath.create(options)
    await path.startRelay()
    await path.startClient()
    await insert(1, 200)
    await insert(201, 300)
    await until('some rows were taken', () => taken(path).length > 20, DEADLINE_MS)
    expect(await path.stopClient()).toBe(0)
    expect(taken(path)).toEqual(upTo(200))
    await path.startClient()
    await until('the last row was taken', () => taken(path).includes(300), DEADLINE_MS)
    expect(taken(path)).toEqual(upTo(300))
  })
})
