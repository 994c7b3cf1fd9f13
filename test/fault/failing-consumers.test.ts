import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ChangePath, type ChangePathOptions } from '../support/change-path.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { until } from '../support/until.ts'

const DEADLINE_MS = 60_000
const ROWS = 10

describe('a consumer that throws', () => {
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

  async function pathOf(options: Partial<ChangePathOptions>): Promise<ChangePath> {
    const path = await ChangePath.create({ uri: server.uri(), sources: ['shop.item'], ...options })
    await path.startRelay()
    await path.startClient()
    for (let id = 1; id <= ROWS; id++) await server.query(`INSERT INTO shop.item VALUES (${id})`)
    return path
  }

  test('is given the same row again until it takes it: the stream neither skips nor stops', async () => {
    await using path = await pathOf({ consumer: 'FailingFactory' })
    await until(
      'the last row was taken',
      () => path.lines.some((line) => line.startsWith(`UPSERT shop.item ${ROWS} `)),
      DEADLINE_MS,
    )
    expect(path.lines.filter((line) => line.startsWith('FAIL'))).toHaveLength(3)
    expect(path.lines.some((line) => line.startsWith('ROLLBACK'))).toBe(true)
    const taken = path.lines.filter((line) => line.startsWith('UPSERT')).map((line) => Number(line.split(' ')[2]))
    expect([...new Set(taken)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  test('for ever stops by name, with the event, and its checkpoint stays before it', async () => {
    const quick = ['initSleep: 1', 'maxSleep: 5', 'maxRetryNum: 4']
    const clientProperties = quick.map((line) => `databus.client.connectionDefaults.dispatcherRetries.${line}`)
    const path = await pathOf({ consumer: 'PoisonedFactory', clientProperties })
    try {
      await until('the consumer was told', () => path.lines.some((line) => line.startsWith('ERROR')), DEADLINE_MS)
      expect(path.lines.at(-1)).toMatch(/^ERROR AESOP_CLIENT_/)
      const key = `key sha256:${createHash('sha256').update('5').digest('hex').slice(0, 12)}`
      await path.client?.until(() => path.client?.errors.includes(key) === true, DEADLINE_MS, 'the log names the event')
      expect(await path.stopClient()).not.toBeNull()
      // Another consumer of the same registration goes on exactly there.
      expect(
        path.lines.filter((line) => line.startsWith('UPSERT')).map((line) => Number(line.split(' ')[2])),
      ).not.toContain(6)
    } finally {
      await path[Symbol.asyncDispose]()
    }
  })
})
