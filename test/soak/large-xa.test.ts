import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ChangePath } from '../support/change-path.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { until } from '../support/until.ts'
import { waitsOnDisk } from '../support/waits-on-disk.ts'
import { deadlineMs, gigabytes, ROW_BYTES, rows, timeoutMs } from './large-size.ts'

const MIB = 1024 * 1024
/** What events that wait on disk may take beside what the relay has anyway. */
const MORE_BYTES_MAX = 200 * MIB

let server: MariadbServer
beforeAll(async () => {
  server = await MariadbServer.start()
  // A table that keeps nothing: the log alone has the rows, and the disk has to hold them three times only.
  await server.query("INSTALL SONAME 'ha_blackhole'; CREATE DATABASE shop; USE shop")
  await server.query('CREATE TABLE shop.item (id INT NOT NULL PRIMARY KEY, text LONGTEXT) ENGINE=BLACKHOLE')
})
afterAll(async () => {
  await server.destroy()
})

/** The most memory that the relay has had, in bytes. */
function peakBytes(path: ChangePath): number {
  const status = readFileSync(`/proc/${path.relay?.child.pid ?? 0}/status`, 'utf8')
  return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1])
}

test(
  `an XA transaction of ${gigabytes} GB that waits is on disk, outlives kill -9, and comes as one window, in bounded memory`,
  async () => {
    process.env['COUNT_UNTIL'] = String(rows)
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
    const connection = await server.connect()
    try {
      await connection.query(`USE shop; XA START 'large';
      INSERT INTO item SELECT seq, REPEAT(CHAR(65 + seq % 26), ${ROW_BYTES}) FROM seq_1_to_${rows};
      XA END 'large'; XA PREPARE 'large'`)
      await until('it waits on disk', () => waitsOnDisk(path.relay?.child.pid ?? 0), deadlineMs)
      path.relay?.child.kill('SIGKILL')
      await path.relay?.untilExit()
      await path.startRelay()
      const before = peakBytes(path)
      await until('it waits on disk again', () => waitsOnDisk(path.relay?.child.pid ?? 0), deadlineMs)
      await connection.query(`XA COMMIT 'large'`)
      await until(
        'the consumer counted all rows',
        () => path.lines.some((line) => line.includes('seconds')),
        deadlineMs,
      )
      await until('nothing waits', () => !waitsOnDisk(path.relay?.child.pid ?? 0), deadlineMs)
      console.log(
        `${gigabytes} GB, memory of the relay: ${Math.round(before / MIB)}, then ${Math.round(peakBytes(path) / MIB)} MiB`,
      )
      expect(peakBytes(path)).toBeLessThan(before + MORE_BYTES_MAX)
    } finally {
      await connection.end()
    }
  },
  timeoutMs,
)
