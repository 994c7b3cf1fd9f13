import { type Logger, silentLogger } from '@aesop/kernel'
import { MemorySchemaRegistry, SchemaInvalidError, SchemaRegistryUnwritableError } from '@aesop/schema'
import { describe, expect, it, vi } from 'vitest'
import { describedSchema, registerDescribed } from '../src/shape/described-schema.ts'
import { type ColumnDescription, type TableDescription } from '../src/table/table-description.ts'
import { sourceOf } from './recorded-log.ts'

/*
 * That the schema is the one of the first row is shown on real servers: test/integration/described-schemas.test.ts.
 */
const column = (name: string, typeName: string, more: Partial<ColumnDescription> = {}): ColumnDescription => ({
  name,
  typeName,
  unsigned: false,
  charset: undefined,
  labels: undefined,
  nullable: false,
  ...more,
})
const withoutNullable: ColumnDescription = {
  name: 'id',
  typeName: 'int',
  unsigned: false,
  charset: undefined,
  labels: undefined,
}
const table = (change: Partial<TableDescription> = {}): TableDescription => ({
  database: 'shop',
  table: 'item',
  asShown: { database: 'Shop', table: 'Item' },
  columns: [column('id', 'int(11)'), column('name', 'varchar(20)', { charset: 'latin1', nullable: true })],
  primaryKey: ['id'],
  ...change,
})

describe('the schema of a table that the server has described', () => {
  it('has the names that the server shows, and no column that it hides', () => {
    const columns = [column('my_row_id', 'bigint unsigned', { hidden: 'generatedKey' }), column('n', 'year(4)')]
    expect(describedSchema(table({ columns, primaryKey: ['my_row_id'] }), 'null')).toBe(
      '{"type":"record","name":"Item","namespace":"Shop","fields":[{"name":"n","type":"int","meta":"dbFieldName=n;dbFieldPosition=2;dbFieldType=year(4);"}],"meta":"dbFieldName=Item;derived=true;"}',
    )
  })

  it.each([
    ['a type that nobody here knows', { columns: [column('id', 'int'), column('h', 'hologram(3)')] }],
    ['a column of which nobody asked whether it may be null', { columns: [withoutNullable] }],
    [
      'a character set that can not be decoded',
      { columns: [column('id', 'int'), column('t', 'text', { charset: 'tis-999' })] },
    ],
    ['a table without a primary key', { primaryKey: [] }],
    ['names that nobody asked for', { asShown: undefined }],
  ])('waits for the first row of %s', (_what, change) => {
    expect(describedSchema(table(change as Partial<TableDescription>), 'null')).toBeUndefined()
  })
})

describe('registering described tables', () => {
  const warnings: string[] = []
  const log: Logger = { ...silentLogger, warn: (text) => void warnings.push(text) }
  const physicalSource = sourceOf('shapes', ['shop.item', 'shop.other'])
  const catalogue = {
    describe: (_database: string, name: string) => table({ table: name }),
    refresh: () => Promise.resolve({ description: undefined, at: undefined }),
  }
  const { signal } = new AbortController()
  const register = (schemas: MemorySchemaRegistry, stopped = signal): Promise<void> =>
    registerDescribed({ physicalSource, schemas, catalogue, sinceScn: 7n, log, stopped })

  it('keeps the SCN, and leaves hand-written schemas alone', async () => {
    const schemas = new MemorySchemaRegistry()
    schemas.register('shop.item', '{"type":"record","name":"Mine","fields":[]}')
    await register(schemas)
    await register(schemas)
    expect(schemas.versions('shop.item')).toHaveLength(1)
    expect(schemas.history('shop.other')).toEqual([{ sinceScn: 7n, version: 1 }])
  })

  const failures: readonly (readonly [string, Error, number])[] = [
    ['goes on with the next table after one that can not be', new SchemaInvalidError('shop.item', 'it is odd'), 2],
    ['ends at a full disk', new SchemaRegistryUnwritableError('/x', new Error('no space left')), 1],
  ]
  it.each(failures)('%s, and says so', async (_what, error, tries) => {
    const schemas = new MemorySchemaRegistry()
    const tried = vi.spyOn(schemas, 'register').mockImplementation(() => {
      throw error
    })
    warnings.length = 0
    await register(schemas)
    expect(tried).toHaveBeenCalledTimes(tries)
    expect(warnings[0]).toMatch(/^shop\.item has no schema before its first row: .*(odd|no space left)/)
  })

  it('ends with the source', async () => {
    const schemas = new MemorySchemaRegistry()
    await register(schemas, AbortSignal.abort())
    expect(schemas.revision).toBe(0)
  })
})
