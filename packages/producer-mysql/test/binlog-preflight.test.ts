import { silentLogger } from '@aesop/kernel'
import { describe, expect, it } from 'vitest'
import {
  checkGrants,
  checkHistory,
  checkPosition,
  checkServerId,
  checkServerSettings,
} from '../src/origin/binlog-preflight.ts'
import { type ServerFacts } from '../src/server/server-facts.ts'
import { ToldOnce } from '../src/server/told-once.ts'

const place = { server: 'db:3306', user: 'aesop', serverId: 77 }
const facts: ServerFacts = {
  flavour: 'mariadb',
  version: '10.11',
  serverId: 1,
  identity: '1/0',
  logBin: true,
  binlogFormat: 'ROW',
  rowImage: 'FULL',
  rowMetadata: 'FULL',
  partialJson: false,
  logs: [
    { name: 'mysql-bin.000003', bytes: 500 },
    { name: 'mysql-bin.000004', bytes: 900 },
  ],
  end: { file: 'mysql-bin.000004', position: 900 },
  gtids: '0-1-42,5-2-7',
  purgedGtids: '',
  onlyDatabases: '',
  exceptDatabases: '',
  caselessNames: false,
}
const code = (name: string): object => expect.objectContaining({ code: `AESOP_MYSQL_${name}` }) as object

describe('the pre-flight check', () => {
  it.each([
    ['BINLOG_OFF', { logBin: false }],
    ['BINLOG_FORMAT', { binlogFormat: 'STATEMENT' }],
    ['BINLOG_FORMAT', { binlogFormat: 'MIXED' }],
    ['ROW_IMAGE', { rowImage: 'MINIMAL' }],
  ])('refuses with %s a server that has %o', (name, change) => {
    expect(() => {
      checkServerSettings({ ...facts, ...change }, place, silentLogger)
    }).toThrow(code(name))
  })

  it('names the missing privilege and the statement that grants it', () => {
    const usage = "GRANT USAGE ON *.* TO `aesop`@`%` IDENTIFIED BY PASSWORD '*'"
    expect(() => {
      checkGrants([usage], place)
    }).toThrow(
      expect.objectContaining({
        remedy: expect.stringContaining('GRANT REPLICATION SLAVE ON *.* TO') as string,
      }) as object,
    )
    expect(() => {
      checkGrants(['GRANT REPLICATION SLAVE ON *.* TO `aesop`@`%`'], place)
    }).toThrow('REPLICATION CLIENT')
  })

  it.each([
    [['GRANT SELECT, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `a`@`%`']],
    [['GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `a`@`%`']],
    [['GRANT ALL PRIVILEGES ON *.* TO `a`@`%` WITH GRANT OPTION']],
    [['GRANT USAGE ON *.* TO `a`@`%`', 'GRANT `replicators` TO `a`@`%`']],
  ])('lets a user with %o through', (grants) => {
    expect(() => {
      checkGrants(grants, place)
    }).not.toThrow()
  })

  it('refuses a server id that the server or a replica has', () => {
    expect(() => {
      checkServerId({ ...facts, serverId: 77 }, [], place)
    }).toThrow(code('SERVER_ID_IN_USE'))
    expect(() => {
      checkServerId(facts, [3, 77], place)
    }).toThrow(code('SERVER_ID_IN_USE'))
  })

  it('tells a purged position from one in the future', () => {
    const check =
      (file: string, position: number, wasRead = false) =>
      () => {
        checkPosition(facts, { file, position }, wasRead, place)
      }
    expect(check('mysql-bin.000002', 4)).toThrow(code('LOG_PURGED'))
    expect(check('mysql-bin.000005', 4)).toThrow(code('POSITION_IN_FUTURE'))
    expect(check('mysql-bin.000004', 901)).toThrow(code('POSITION_IN_FUTURE'))
    expect(check('mysql-bin.000004', 900)).not.toThrow()
    expect(check('mysql-bin.000003', 500)).not.toThrow()
    // What was read once can't lie ahead of its own log.
    expect(check('mysql-bin.000002', 4, true)).toThrow(code('LOG_PURGED'))
    expect(check('mysql-bin.000005', 4, true)).toThrow(code('LOG_RESET'))
    expect(check('mysql-bin.000004', 901, true)).toThrow(code('LOG_RESET'))
  })

  it('finds a log that was reset although the position exists', () => {
    const check = (gtid: string) => () => {
      checkHistory(facts, gtid, place)
    }
    expect(check('0-1-42')).not.toThrow()
    expect(check('0-1-41,5-2-7')).not.toThrow()
    expect(check('0-1-43')).toThrow(code('LOG_RESET'))
    expect(check('9-1-1')).toThrow(code('LOG_RESET'))
  })

  it('lets a server forget a domain on purpose, but not every domain that was read', () => {
    const check = (gtid: string) => () => {
      checkHistory(facts, gtid, place)
    }
    expect(check('0-1-42,77-1-3')).not.toThrow()
    expect(check('0-1-43,77-1-3')).toThrow(code('LOG_RESET'))
    expect(check('77-1-3,78-1-1')).toThrow(code('LOG_RESET'))
  })

  it('knows a MySQL history by its set, tags included', () => {
    const [a, b] = ['3e11fa47-71ca-11e1-9e33-c80aa9429562', '2c256447-3f0d-431b-9a25-bddf1f1f6ef6']
    const mysql = { ...facts, flavour: 'mysql' as const, gtids: `${a}:1-5:11-18:nightly:1-3,${b}:1-27` }
    const check = (gtid: string) => () => {
      checkHistory(mysql, gtid, place)
    }
    for (const known of [`${a}:1-5`, `${a}:2-3:12:nightly:3`, `${b.toUpperCase()}:27`, mysql.gtids]) {
      expect(check(known)).not.toThrow()
    }
    for (const unknown of [`${a}:1-6`, `${a}:5-11`, `${a}:nightly:4`, `${a}:other:1`, `${b}:1-28`]) {
      expect(check(unknown)).toThrow(code('LOG_RESET'))
    }
  })

  it('warns of a server that logs parts of documents', () => {
    const warnings: string[] = []
    const log = { ...silentLogger, warn: (message: string) => warnings.push(message) }
    checkServerSettings({ ...facts, partialJson: true }, place, log)
    expect(warnings).toEqual([expect.stringContaining('PARTIAL_JSON')])
  })

  it('warns once of what it finds at every connection', () => {
    const warnings: string[] = []
    const once = new ToldOnce({ ...silentLogger, warn: (message: string) => warnings.push(message) })
    const found = { ...facts, partialJson: true }
    for (const rowMetadata of ['NO_LOG', 'NO_LOG', 'FULL', 'NO_LOG'])
      checkServerSettings({ ...found, rowMetadata }, place, once, ['shop.item', 'shop.order'])
    expect(warnings.map((text) => text.split(' ')[0])).toEqual(['binlog_row_value_options', 'binlog_row_metadata'])
    expect(warnings[1]).toContain('shop.item, shop.order')
  })
})
