import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FileBinlogStream } from '@aesop/producer-mysql'
import { MariadbServer } from '../support/mariadb-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'

describe('a server that encrypts its log files', () => {
  let server: MariadbServer
  const keys = newFolder('keys')

  beforeAll(async () => {
    const file = join(keys, 'keys.txt')
    // The server runs as another user.
    chmodSync(keys, 0o755)
    writeFileSync(file, `1;${'0123456789abcdef'.repeat(4)}\n`, { mode: 0o644 })
    server = await MariadbServer.start({
      lines: ['plugin-load-add=file_key_management', `loose-file-key-management-filename=${file}`, 'encrypt-binlog=ON'],
    })
    await server.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)')
  })
  afterAll(async () => {
    await server.destroy()
    removeFolder(keys)
  })

  it('sends rows in the clear: they are read, across log files and after a restart', async () => {
    const first = new ProducerRig({ uri: server.uri(), name: 'shop', sources: ['shop.item'] })
    await first.start()
    await server.query('INSERT INTO shop.item VALUES (1); FLUSH BINARY LOGS; INSERT INTO shop.item VALUES (2)')
    await first.arrived(2)
    await first.producer.stop()
    await server.query('FLUSH BINARY LOGS; INSERT INTO shop.item VALUES (3)')
    const second = await first.again().start()
    await second.arrived(3)
    expect(second.ledger.ids).toEqual([1, 2, 3])
    await second.producer.stop()
  })

  it.each([
    ['at its beginning', 4],
    ['inside', 1000],
  ])('has files that are refused by name, read %s', async (_where, position) => {
    await server.query(
      `INSERT INTO shop.item VALUES ${Array.from({ length: 50 }, (_unused, i) => `(${position}${i})`).join(',')}`,
    )
    const stream = new FileBinlogStream({ indexPath: join(server.dataFolder, 'mysql-bin.index') })
    try {
      const broken = await new Promise<unknown>((resolve) => {
        const handler = {
          onEvent: () => undefined,
          onRotate: () => undefined,
          onCaughtUp: () => {
            resolve('caught up')
          },
        }
        stream.open({ file: 'mysql-bin.000001', position }, handler, resolve).catch(resolve)
      })
      expect(broken).toMatchObject({
        code: 'AESOP_MYSQL_BINLOG_FILE',
        message: expect.stringContaining('encrypted') as string,
      })
    } finally {
      await stream.close()
    }
  })
})
