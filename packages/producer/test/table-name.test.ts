import { LogicalSourceConfig, PhysicalSourceConfig, quotedTable, tableNamesOf, textOfTable } from '@aesop/producer'
import { describe, expect, it } from 'vitest'

const named = (text: string): string[] => tableNamesOf(text).map(({ database, table }) => `${database}|${table}`)

describe('the uri of a logical source', () => {
  it.each([
    ['shop.book', ['shop|book']],
    ['h.a.b', ['h|a.b', 'h.a|b']],
    ['`h`.`a.b`', ['h|a.b']],
    ['`h.a`.b', ['h.a|b']],
    ['h.a.`b`', ['h.a|b']],
    ['h.`a.b`', ['h|a.b']],
    ['`ti``ck`.`a``.b`', ['ti`ck|a`.b']],
    ['shop.ti`ck', ['shop|ti`ck']],
    ['book', []],
  ])('%s means %j', (text, tables) => {
    expect(named(text)).toEqual(tables)
  })

  it.each([
    { database: 'h', table: 'a.b' },
    { database: 'h.a', table: 'b' },
    { database: 'shop', table: 'book' },
    { database: '`x', table: '`.`' },
    { database: 'a`', table: 'b`' },
  ])('that %j is written as means no other table', (name) => {
    expect(tableNamesOf(textOfTable(name))).toEqual([name])
    expect(tableNamesOf(quotedTable(name))).toEqual([name])
    expect(tableNamesOf(LogicalSourceConfig.from(name).uri)).toEqual([name])
  })

  it('gives a name without backticks, and two equal ones are refused by name', () => {
    expect(LogicalSourceConfig.from('`h`.`a.b`').name).toBe('h.a.b')
    expect(LogicalSourceConfig.from({ database: 'shop', table: 'book' }).uri).toBe('shop.book')
    const sources = ['`h`.`a.b`', '`h.a`.b']
    expect(() => new PhysicalSourceConfig({ uri: 'memory:x', sources })).toThrow(
      'the sources `h`.`a.b` and `h.a`.b both have the name h.a.b',
    )
    const apart = [sources[0] ?? '', { name: 'other', database: 'h.a', table: 'b' }]
    expect(new PhysicalSourceConfig({ uri: 'memory:x', sources: apart }).sources.map(({ name }) => name)).toEqual([
      'h.a.b',
      'other',
    ])
  })

  it.each([{ database: 'shop' }, { table: 'book' }, { database: 'shop', table: '' }])('is missing in %j', (options) => {
    expect(() => LogicalSourceConfig.from(options)).toThrow('uri is missing')
  })

  it('stands alone', () => {
    expect(() => LogicalSourceConfig.from({ uri: 'a.b', database: 'a', table: 'b' })).toThrow('none beside the uri a.b')
  })
})
