import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvariantError } from '@aesop/kernel'
import { parseRecordSchema, type RecordField } from '@aesop/schema'
import { binlogColumn, type BinlogColumn } from '../src/table/binlog-column.ts'
import { columnConversion, derivedType } from '../src/row/column-conversion.ts'
import { ColumnType } from '../src/log/column-type.ts'
import { ColumnConversionError } from '../src/error/errors.ts'
import { RowBound } from '../src/row/row-bound.ts'
import { AT_ABSENT, AT_NULL, compileRowScanner, isPresent } from '../src/row/row-scanner.ts'
import { compileRowWriter, interpretRowWriter } from '../src/row/row-writer.ts'
import { columnsOf, fieldsOf, imageOf, SAMPLES } from './row-samples.ts'
import { assertProperty } from '../../../test/support/property.ts'

const SEED = 20261122

describe('a compiled row writer', () => {
  it('writes the bytes of the plain one, within the bound, for any table and any row', () => {
    const table = fc
      .array(fc.nat(SAMPLES.length - 1), { minLength: 1, maxLength: 12 })
      .map((picks) => picks.map((pick) => SAMPLES[pick]).filter((sample) => sample !== undefined))
    const row = fc.boolean().chain((nullable) =>
      table.chain((samples) =>
        fc.record({
          columns: fc.constant(columnsOf(samples, nullable)),
          values: fc.tuple(...samples.map(({ image }) => fc.option(image, { freq: nullable ? 4 : 1e9 }))),
        }),
      ),
    )
    const reached = { rows: 0, withNull: 0, ofSeveral: 0 }
    assertProperty(
      fc.property(row, ({ columns, values }) => {
        if (columns.some(({ nullable }) => !nullable) && values.includes(null)) return
        reached.rows++
        if (values.includes(null)) reached.withNull++
        if (columns.length > 3) reached.ofSeveral++
        const image = imageOf(values)
        const at = new Int32Array(columns.length)
        const end = compileRowScanner(columns, Buffer.alloc(2, 0xff))(image, 3, at)
        expect(end).toBe(image.length - 5)
        const fields = fieldsOf(columns)
        const conversions = columns.map((column, i) => columnConversion('d.t', column, fields[i] as RecordField))
        const bound = new RowBound(columns).rough(end - 3, image, at)
        const compiled = Buffer.alloc(bound + 64, 0xee)
        const plain = Buffer.alloc(bound + 64, 0xee)
        const compiledEnd = compileRowWriter(conversions)(compiled, 7, image, at)
        const plainEnd = interpretRowWriter(conversions)(plain, 7, image, at)
        expect(compiled.subarray(7, compiledEnd).toString('hex')).toBe(plain.subarray(7, plainEnd).toString('hex'))
        expect(compiledEnd - 7).toBeLessThanOrEqual(bound)
      }),
      { seed: SEED, numRuns: 1500, reached, atLeast: 300 },
    )
  })

  it('fills the fields of a schema in their own order, whatever the order of the columns', () => {
    const columns = columnsOf(SAMPLES.slice(0, 3), false)
    const fields = fieldsOf(columns)
    const order = [2, 0, 1]
    const conversions = order.map((i) => columnConversion('d.t', columns[i] as BinlogColumn, fields[i] as RecordField))
    const target = Buffer.alloc(10)
    const image = Buffer.from([0, 1, 2, 3, 0])
    const at = new Int32Array(3)
    compileRowScanner(columns, Buffer.from([7]))(image, 0, at)
    expect(compileRowWriter(conversions)(target, 0, image, at)).toBe(3)
    expect([...target.subarray(0, 3)]).toEqual([6, 2, 4])
  })
})

describe('a row scanner', () => {
  it('tells NULL, absent and present columns apart', () => {
    const columns = columnsOf(SAMPLES.slice(0, 4), true)
    const at = new Int32Array(4)
    const end = compileRowScanner(columns, Buffer.from([0b1011]))(Buffer.from([0b010, 9, 8, 8]), 0, at)
    expect([...at]).toEqual([1, AT_NULL, AT_ABSENT, 2])
    expect(end).toBe(4)
  })
})

describe('a pair of column and field', () => {
  const field = (type: string, logicalType?: string): RecordField => {
    const branch = logicalType === undefined ? type : { type, logicalType }
    const text = JSON.stringify({ type: 'record', name: 'r', fields: [{ name: 'f', type: ['null', branch] }] })
    return parseRecordSchema(text).fields[0] as RecordField
  }
  const column = (type: number, meta = 0, more: object = {}): BinlogColumn =>
    binlogColumn('d.t', 0, { type, meta, nullable: true, name: 'c', ...more }, undefined)

  it.each([
    ['int unsigned', column(ColumnType.LONG, 0, { unsigned: true }), field('int')],
    ['bigint', column(ColumnType.LONGLONG), field('double')],
    ['decimal', column(ColumnType.NEWDECIMAL, 0x020a), field('double')],
    ['datetime(6) as milliseconds', column(ColumnType.DATETIME2, 6), field('long', 'timestamp-millis')],
    ['blob as string', column(ColumnType.BLOB, 2, { collation: 63 }), field('string')],
    ['text as long', column(ColumnType.BLOB, 2, { collation: 45 }), field('long')],
  ])('that would lose something is refused by both names: %s', (_name, left, right) => {
    expect(() => columnConversion('d.t', left, right)).toThrow(ColumnConversionError)
    expect(() => columnConversion('d.t', left, right)).toThrow(/column c .* field f/)
  })

  const write = (left: BinlogColumn, right: RecordField, image: number[]): number[] => {
    const target = Buffer.alloc(40)
    const end = compileRowWriter([columnConversion('d.t', left, right)])(
      target,
      0,
      Buffer.from(image),
      Int32Array.of(0),
    )
    return [...target.subarray(0, end)]
  }

  it('that keeps the value is converted: labels to numbers, dates to milliseconds, text to bytes', () => {
    const labels = [Buffer.from('a'), Buffer.from('b')]
    expect(write(column(ColumnType.ENUM, 1, { collation: 45, labels }), field('int'), [2])).toEqual([2, 4])
    expect(write(column(ColumnType.SET, 1, { collation: 45, labels }), field('long'), [3])).toEqual([2, 6])
    expect(write(column(ColumnType.DATE), field('int', 'date'), [0x21, 0x64, 0x0f])).toEqual([2, 0])
    expect(write(column(ColumnType.DATE), field('long'), [0x22, 0x64, 0x0f])).toEqual([2, 0x80, 0xf0, 0xb2, 0x52])
    expect(write(column(ColumnType.DATE), field('long'), [0, 0, 0])).toEqual([0])
    expect(write(column(ColumnType.TINY), field('string'), [255])).toEqual([2, 4, 45, 49])
    expect(write(column(ColumnType.BIT, 1), field('boolean'), [1])).toEqual([2, 1])
  })

  it('is derived from the column alone when nobody wrote a schema', () => {
    expect(derivedType(column(ColumnType.LONG, 0, { unsigned: true }), 'null')).toEqual({ type: 'long' })
    expect(derivedType(column(ColumnType.TIMESTAMP2), 'null')).toMatchObject({ logicalType: 'timestamp-micros' })
    expect(derivedType(column(ColumnType.TIMESTAMP2), 'text')).toEqual({ type: 'string' })
  })
})

describe('an index that can not be missing', () => {
  const [column] = columnsOf(SAMPLES.slice(0, 1), true)
  const [field] = fieldsOf(column === undefined ? [] : [column])
  const conversion = columnConversion('d.t', column as BinlogColumn, field as RecordField)

  it.each([
    [
      'the place of a value',
      () => interpretRowWriter([conversion])(Buffer.alloc(9), 0, Buffer.alloc(9), new Int32Array(0)),
    ],
    ['the bit of a column', () => isPresent(Buffer.alloc(1), 8)],
    [
      'the length of a value',
      () =>
        new RowBound(
          columnsOf(
            SAMPLES.filter(({ mapped }) => mapped.type === ColumnType.JSON),
            true,
          ),
        ).close(Buffer.alloc(9), new Int32Array(0)),
    ],
    [
      'the code of a width that no integer has',
      () => compileRowWriter([{ ...conversion, column: { ...conversion.column, fixedBytes: 5 } }]),
    ],
  ])('throws instead of being 0: %s', (_what, act) => {
    expect(act).toThrow(InvariantError)
  })
})
