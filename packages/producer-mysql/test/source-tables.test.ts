import { LogicalSourceConfig } from '@aesop/producer'
import { describe, expect, it } from 'vitest'
import { SourceTables } from '../src/table/source-tables.ts'

const tablesOf = (...uris: string[]): SourceTables =>
  new SourceTables(uris.map((uri, i) => LogicalSourceConfig.from({ uri, name: `s${i}` })))
const table = (database: string, name: string) => ({ database, table: name })
const AMBIGUOUS: unknown = expect.objectContaining({ code: 'AESOP_MYSQL_SOURCE_TABLE_AMBIGUOUS' })

describe('the tables of the sources', () => {
  it('are told apart as the server tells them apart', () => {
    const tables = tablesOf('shop.item')
    expect(tables.sourceOf(table('shop', 'item'))?.name).toBe('s0')
    expect(tables.sourceOf(table('shop', 'Item'))).toBeUndefined()
    expect(tables.differingByCase(table('Shop', 'Item'))?.name).toBe('s0')
    tables.compare('withoutCase')
    expect(tables.sourceOf(table('SHOP', 'Item'))?.name).toBe('s0')
    tables.compare('exactly')
    expect(tables.sourceOf(table('SHOP', 'Item'))).toBeUndefined()
  })

  it('may differ by the place of a dot', () => {
    const tables = tablesOf('`h`.`a.b`', '`h.a`.b')
    expect(tables.capture(table('h', 'a.b'))?.name).toBe('s0')
    expect(tables.capture(table('h.a', 'b'))?.name).toBe('s1')
  })

  it('leave to a source with dots what no other one names', () => {
    const tables = tablesOf('h.a.b', '`h.a`.b')
    expect(tables.capture(table('h', 'a.b'))?.name).toBe('s0')
    expect(tables.capture(table('h.a', 'b'))?.name).toBe('s1')
  })

  it('are those that the server has', () => {
    const tables = tablesOf('my.shop-1.t')
    expect(tables.settled).toEqual([])
    tables.settle(({ database }) => database === 'my.shop-1')
    expect(tables.all).toEqual([table('my.shop-1', 't')])
    expect(tables.settled).toEqual(tables.all)
    expect(tables.sourceOf(table('my', 'shop-1.t'))).toBeUndefined()
  })

  it('are refused where the server has two for one source, with both texts', () => {
    const settle = (): void => {
      tablesOf('h.a.b').settle(() => true)
    }
    expect(settle).toThrow(AMBIGUOUS)
    expect(settle).toThrow('`h`.`a.b` and `h.a`.`b`')
  })

  it('are refused where the log has two for one source; the one that it has may come again', () => {
    const tables = tablesOf('h.a.b')
    for (let i = 0; i < 2; i++) expect(tables.capture(table('h.a', 'b'))?.name).toBe('s0')
    expect(() => tables.capture(table('h', 'a.b'))).toThrow(AMBIGUOUS)
  })

  it('are refused where two sources name one', () => {
    expect(() => tablesOf('h.t', '`h`.t')).toThrow(AMBIGUOUS)
    expect(() => tablesOf('h.a.b', 'h.a.b')).toThrow(AMBIGUOUS)
    const twins = tablesOf('h.t', 'h.T')
    expect(() => {
      twins.compare('withoutCase')
    }).toThrow(AMBIGUOUS)
  })
})
