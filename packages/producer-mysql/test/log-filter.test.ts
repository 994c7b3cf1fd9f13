import { describe, expect, it } from 'vitest'
import { type LogFilter, unloggedChanges } from '../src/server/log-filter.ts'

const everything: LogFilter = {
  onlyDatabases: '',
  exceptDatabases: '',
  replicates: false,
  logsReplicated: true,
  lowerCaseNames: false,
}
const tables = [
  { database: 'shop', table: 'item' },
  { database: 'my.shop', table: 'item' },
  { database: 'Shop', table: 'item' },
]

describe('what of the captured tables a server does not log', () => {
  it.each([
    ['nothing without a setting', {}, undefined],
    ['nothing when other databases are left out', { exceptDatabases: 'shops,ashop' }, undefined],
    ['the tables of a database that is left out', { exceptDatabases: 'other,shop' }, ['shop.item']],
    ['a database with a dot', { exceptDatabases: 'my.shop' }, ['my.shop.item']],
    ['the tables of databases that are not named', { onlyDatabases: 'shop' }, ['my.shop.item', 'Shop.item']],
    [
      'the list of what is logged goes first',
      { onlyDatabases: 'shop,Shop,my.shop', exceptDatabases: 'shop' },
      undefined,
    ],
    [
      'names in any case where the server keeps lower-case ones',
      { exceptDatabases: 'shop', lowerCaseNames: true },
      ['shop.item', 'Shop.item'],
    ],
    ['nothing on a replica that logs what it gets', { replicates: true }, undefined],
    ['nothing where nothing is got from others', { logsReplicated: false }, undefined],
  ])('%s', (_name, change, concerned) => {
    const found = unloggedChanges({ ...everything, ...change }, 'db:3306', tables)
    expect(found?.fields['tables']).toEqual(concerned)
  })

  it('everything that a replica without log_slave_updates gets', () => {
    const found = unloggedChanges({ ...everything, replicates: true, logsReplicated: false }, 'db:3306', tables)
    expect(found).toMatchObject({
      code: 'AESOP_MYSQL_CHANGES_UNLOGGED',
      fields: { setting: 'log_slave_updates' },
      remedy: expect.stringContaining('log_slave_updates=ON') as string,
    })
  })
})
