import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'

const TABLE_MAP = 19
const ROWS = [20, 21, 22, 23, 24, 25, 30, 31, 32]
const HEADER_BYTES = 19

/** Sets the table id of every table map and rows event; the log carries no checksums. @returns how many it has set */
function setTableIds(path: string, tableId: number): number {
  const bytes = readFileSync(path)
  let patched = 0
  for (let at = 4; at < bytes.length; at = bytes.readUInt32LE(at + 13)) {
    const type = bytes.readUInt8(at + 4)
    if (type !== TABLE_MAP && !ROWS.includes(type)) continue
    bytes.writeUIntLE(tableId, at + HEADER_BYTES, 6)
    patched++
  }
  writeFileSync(path, bytes)
  return patched
}

describe('a table whose id is the one of events without a table', () => {
  const folder = newFolder('table-ids')
  let server: MariadbServer
  beforeAll(async () => {
    server = await MariadbServer.start({ lines: ['binlog-checksum=NONE'] })
    await server.query('CREATE DATABASE s8; CREATE TABLE s8.t (id INT PRIMARY KEY)')
    await server.query('FLUSH BINARY LOGS; INSERT INTO s8.t VALUES (1),(2); FLUSH BINARY LOGS')
  })
  afterAll(async () => {
    await server.destroy()
    removeFolder(folder)
  })

  it.each([18, 0xffffff, 0x1000000])('gives its rows: %i', async (tableId) => {
    const log = join(mkdtempSync(join(folder, 'id-')), 'mysql-bin.000002')
    cpSync(join(server.dataFolder, 'mysql-bin.000002'), log)
    expect(setTableIds(log, tableId)).toBeGreaterThanOrEqual(2)
    const index = `${log}.index`
    writeFileSync(index, `${log}\n`)
    const rig = await new ProducerRig({ uri: `binlog:${index}`, sources: ['s8.t'] }).start()
    await rig.arrived(2)
    await rig.producer.stop()
    expect(rig.ledger.rows.map(({ row }) => row['id'])).toEqual([1, 2])
  })
})
