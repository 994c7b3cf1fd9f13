import { type Connection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { InformationSchemaCatalogue } from '@aesop/producer-mysql'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'

const MODE = 'sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES'
const STARTS = {
  MariaDB: () => MariadbServer.start({ lines: [MODE] }),
  MySQL: () => MysqlServer.start({ lines: [MODE] }),
}
const ODD_NAMES = [`k"u'd\\u`, `it's`, 'ti`ck', 'per%cent', 'comma,comma', 'dot.ted', `\\`, `x' OR 'y`]

/** As an identifier of the server, which takes double quotes in this mode. */
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

describe.each(['MariaDB', 'MySQL'] as const)('the catalogue of a %s', (product) => {
  let server: MariadbServer | MysqlServer
  let connection: Connection
  let questions = 0

  beforeAll(async () => {
    server = await STARTS[product]()
    await server.query('CREATE DATABASE odd; CREATE DATABASE many; CREATE DATABASE "qu""o\'te"')
    for (const name of ODD_NAMES) {
      await server.query(
        `CREATE TABLE odd.${quoted(name)} (b INT, a INT UNSIGNED, ${quoted(name)} INT, PRIMARY KEY (a, b))`,
      )
    }
    await server.query('CREATE TABLE odd.item (id INT PRIMARY KEY); CREATE TABLE odd.Item (other INT)')
    await server.query('CREATE TABLE "qu""o\'te".t (id INT PRIMARY KEY)')
    for (let i = 0; i < 60; i++) {
      await server.query(
        `CREATE TABLE many.t${i} (n${i} INT, s VARCHAR(9) CHARACTER SET latin1, PRIMARY KEY (s, n${i}))`,
      )
    }
    connection = await server.connect()
  })
  afterAll(async () => {
    await connection.end()
    await server.destroy()
  })

  function catalogue(): InformationSchemaCatalogue {
    questions = 0
    return new InformationSchemaCatalogue((question) => {
      questions++
      return question(connection)
    })
  }

  it.each(ODD_NAMES)('describes a table named %s, whatever sql_mode makes of quotes and backslashes', async (name) => {
    const { description: found } = await catalogue().refresh('odd', name)
    expect(found?.columns.map((column) => column.name)).toEqual(['b', 'a', name])
    expect(found?.primaryKey).toEqual(['a', 'b'])
  })

  it('describes a table of a database with quotes in its name', async () => {
    expect((await catalogue().refresh(`qu"o'te`, 't')).description?.primaryKey).toEqual(['id'])
  })

  it('keeps tables apart whose names differ by case only', async () => {
    const columnsOf = async (table: string): Promise<string[] | undefined> =>
      (await catalogue().refresh('odd', table)).description?.columns.map(({ name }) => name)
    expect(await columnsOf('item')).toEqual(['id'])
    expect(await columnsOf('Item')).toEqual(['other'])
  })

  it('says of many tables, asked for together, what it says of each', async () => {
    const names = [
      ...Array.from({ length: 60 }, (_unused, i) => ({ database: 'many', table: `t${i}` })),
      ...ODD_NAMES.map((table) => ({ database: 'odd', table })),
      { database: 'many', table: 'missing' },
      { database: 'missing', table: 't1' },
    ]
    const together = catalogue()
    await together.refreshAll(names)
    expect(questions).toBe(3)
    const alone = catalogue()
    for (const { database, table } of names) {
      const { description: one } = await alone.refresh(database, table)
      expect(together.describe(database, table)).toEqual(one)
      expect(one === undefined).toBe(table === 'missing' || database === 'missing')
    }
  })

  if (product === 'MariaDB') {
    it('lists what the server hides, asked for together or alone', async () => {
      await server.query('CREATE TABLE many.hides (id INT PRIMARY KEY, t TEXT UNIQUE) WITH SYSTEM VERSIONING')
      await server.query(`CREATE TABLE many.declares (id INT PRIMARY KEY, t TEXT, since TIMESTAMP(6) AS ROW START,
        until TIMESTAMP(6) AS ROW END, PERIOD FOR SYSTEM_TIME (since, until)) WITH SYSTEM VERSIONING`)
      const tables = ['hides', 'declares', ...Array.from({ length: 40 }, (_unused, i) => `t${i}`)]
      const together = catalogue()
      await together.refreshAll(tables.map((table) => ({ database: 'many', table })))
      for (const table of tables) {
        expect(together.describe('many', table)).toEqual((await catalogue().refresh('many', table)).description)
      }
      const shape = (table: string): unknown => {
        const { columns, primaryKey, period } = together.describe('many', table) ?? { columns: [], primaryKey: [] }
        return { columns: columns.map(({ name, hidden }) => [name, hidden]), primaryKey, period }
      }
      expect(shape('hides')).toEqual({
        columns: [
          ['id', undefined],
          ['t', undefined],
          ['row_start', 'period'],
          ['row_end', 'period'],
          ['DB_ROW_HASH_1', 'hash'],
        ],
        primaryKey: ['id'],
        period: { start: 'row_start', end: 'row_end' },
      })
      expect(shape('declares')).toEqual({
        columns: ['id', 't', 'since', 'until'].map((name) => [name, undefined]),
        primaryKey: ['id'],
        period: { start: 'since', end: 'until' },
      })
    })
  } else {
    it('tells a key that MySQL generates and hides, whatever its own session shows', async () => {
      const gipk = 'show_gipk_in_create_table_and_information_schema'
      await server.query(`SET GLOBAL ${gipk} = OFF; SET SESSION sql_generate_invisible_primary_key = ON;
        CREATE TABLE many.generated (a INT); CREATE TABLE many.own (my_row_id BIGINT UNSIGNED PRIMARY KEY, a INT);
        SET SESSION sql_generate_invisible_primary_key = OFF`)
      const hidden = async (table: string): Promise<unknown> => {
        const { description: found } = await catalogue().refresh('many', table)
        expect(found?.primaryKey).toEqual(['my_row_id'])
        return found?.columns.map((column) => [column.name, column.hidden])
      }
      expect(await hidden('generated')).toEqual([
        ['my_row_id', 'generatedKey'],
        ['a', undefined],
      ])
      expect(await hidden('own')).toEqual([
        ['my_row_id', undefined],
        ['a', undefined],
      ])
      await server.query(`SET GLOBAL ${gipk} = ON`)
      expect(await hidden('generated')).toEqual([
        ['my_row_id', undefined],
        ['a', undefined],
      ])
    })
  }

  it('forgets a table that is gone', async () => {
    await server.query('CREATE TABLE many.short (id INT)')
    const known = catalogue()
    expect((await known.refresh('many', 'short')).description).toBeDefined()
    await server.query('DROP TABLE many.short')
    expect((await known.refresh('many', 'short')).description).toBeUndefined()
    expect(known.describe('many', 'short')).toBeUndefined()
  })
})
