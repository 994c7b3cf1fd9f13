import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ChangePath } from '../support/change-path.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { until } from '../support/until.ts'
import { deadlineMs, gigabytes, ROW_BYTES, rows, timeoutMs } from './large-size.ts'

const MIB = 1024 * 1024
const BUFFER_BYTES = 10 * MIB
/** Of the relay, however large the window is. */
const PEAK_BYTES_MAX = 400 * MIB

let server: MariadbServer
beforeAll(async () => {
  server = await MariadbServer.start()
  // A table that keeps nothing: the log alone has the rows, and the disk has to hold them three times only.
  await server.query("INSTALL SONAME 'ha_blackhole'; CREATE DATABASE shop")
})
afterAll(async () => {
  await server.destroy()
})

/** The most memory that a process has had, in bytes. */
function peakBytes(pid: number | undefined): number {
  return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1])
}

test(
  `a transaction of ${gigabytes} GB passes through a buffer of 10 MB as one window, in bounded memory`,
  async () => {
    await server.query(`CREATE TABLE shop.item (id INT NOT NULL PRIMARY KEY, text LONGTEXT) ENGINE=BLACKHOLE`)
    process.env['COUNT_UNTIL'] = String(rows)
    await using path = await ChangePath.create({
      uri: server.uri(),
      sources: ['shop.item'],
      startFrom: 'latest',
      consumer: 'CountingFactory',
      bufferBytes: BUFFER_BYTES,
      relayProperties: [
        'databus.relay.eventBuffer.allocationPolicy: MMAPPED_MEMORY',
        'databus.relay.eventBuffer.residentBytes: 8388608',
      ],
    })
    await path.startRelay()
    await path.startClient()
    const beganMs = performance.now()
    await server.query(
      `USE shop; INSERT INTO item SELECT seq, REPEAT(CHAR(65 + seq % 26), ${ROW_BYTES}) FROM seq_1_to_${rows}`,
    )
    const writtenMs = performance.now()
    await until('the consumer counted all rows', () => path.lines.some((line) => line.includes('seconds')), deadlineMs)
    const seconds = (ms: number): string => (ms / 1000).toFixed(0)
    const peak = peakBytes(path.relay?.child.pid)
    console.log(
      `${gigabytes} GB: written in ${seconds(writtenMs - beganMs)} s, read ${seconds(performance.now() - writtenMs)} s later; peak memory of the relay ${Math.round(peak / MIB)} MiB, of the client ${Math.round(peakBytes(path.client?.child.pid) / MIB)} MiB`,
    )
    expect(peak).toBeLessThan(PEAK_BYTES_MAX)
  },
  timeoutMs,
)
