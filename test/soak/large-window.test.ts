import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ChangePath } from '../support/change-path.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { until } from '../support/until.ts'

const MIB = 1024 * 1024
const ROWS = 100_000
const ROW_BYTES = 20_000
const DEADLINE_MS = 1_800_000

let server: MariadbServer
beforeAll(async () => {
  server = await MariadbServer.start()
  await server.query('CREATE DATABASE shop; USE shop; CREATE TABLE item (id INT NOT NULL PRIMARY KEY, text LONGTEXT)')
})
afterAll(async () => {
  await server.destroy()
})

/** The most memory that a process has had, in bytes. */
function peakBytes(pid: number | undefined): number {
  return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1])
}

test('a transaction of 2 GB passes through a buffer of 10 MB as one window, in bounded memory', async () => {
  process.env['COUNT_UNTIL'] = String(ROWS)
  await using path = await ChangePath.create({
    uri: server.uri(),
    sources: ['shop.item'],
    consumer: 'CountingFactory',
    bufferBytes: 10 * MIB,
    relayProperties: [
      'databus.relay.eventBuffer.allocationPolicy: MMAPPED_MEMORY',
      'databus.relay.eventBuffer.residentBytes: 8388608',
    ],
  })
  await path.startRelay()
  await path.startClient()
  await server.query(`INSERT INTO item SELECT seq, REPEAT(CHAR(65 + seq % 26), ${ROW_BYTES}) FROM seq_1_to_${ROWS}`)
  await until('the consumer counted all rows', () => path.lines.some((line) => line.includes('seconds')), DEADLINE_MS)
  const peak = peakBytes(path.relay?.child.pid)
  console.log(`peak memory of the relay: ${Math.round(peak / MIB)} MiB`)
  expect(peak).toBeLessThan(400 * MIB)
})
