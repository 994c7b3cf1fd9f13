import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { binlogColumn, type BinlogColumn } from '../src/table/binlog-column.ts'
import { ColumnType } from '../src/log/column-type.ts'
import { BinlogEventCorruptError } from '../src/error/errors.ts'
import { KEY_TEXT_BYTES_MAX } from '@aesop/producer'
import { rowKey } from '../src/row/row-key.ts'

const column = (index: number, type: number, meta = 0, more: object = {}): BinlogColumn =>
  binlogColumn('d.t', index, { type, meta, nullable: true, name: `c${index}`, ...more }, undefined)

function blobImage(...values: readonly Buffer[]): readonly [Buffer, Int32Array] {
  const at: number[] = []
  const parts = values.map((value) => {
    const prefix = Buffer.alloc(4)
    prefix.writeUInt32LE(value.length)
    return Buffer.concat([prefix, value])
  })
  parts.reduce((from, part) => (at.push(from), from + part.length), 0)
  return [Buffer.concat(parts), Int32Array.from(at)]
}

const sha256 = (text: string): string => `\\sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`

describe('the key of a row', () => {
  const blob = (index: number): BinlogColumn => column(index, ColumnType.BLOB, 4, { collation: 63 })
  const text = (index: number): BinlogColumn => column(index, ColumnType.BLOB, 4, { collation: 45 })

  it('of large columns has the size of a hash, and is the same for the same row', () => {
    const key = rowKey([blob(0), text(1)])
    const one = key(...blobImage(Buffer.alloc(200_000, 7), Buffer.from('x\ty')))
    expect(one).toBe(sha256(`${'07'.repeat(200_000)}\tx\\\ty`))
    expect(key(...blobImage(Buffer.alloc(200_000, 7), Buffer.from('x\ty')))).toBe(one)
    expect(key(...blobImage(Buffer.alloc(200_000, 7), Buffer.from('x\tz')))).not.toBe(one)
  })

  it('is the same for the same text, whether it is read in pieces or as a whole', () => {
    const half = 'x'.repeat(KEY_TEXT_BYTES_MAX / 2)
    const [whole, halves] = [rowKey([text(0), text(1)]), rowKey([text(0), text(1), text(2)])]
    const inPieces = whole(...blobImage(Buffer.from(`${half}${half}y`), Buffer.from('z')))
    expect(inPieces).toBe(sha256(`${half}${half}y\tz`))
    const asWhole = halves(...blobImage(Buffer.from(half), Buffer.from(half), Buffer.from('z')))
    expect(asWhole).toBe(sha256(`${half}\t${half}\tz`))
  })

  it('is never the same as the text of another row', () => {
    const key = rowKey([text(0)])
    const hash = String(key(...blobImage(Buffer.alloc(KEY_TEXT_BYTES_MAX + 1, 97))))
    expect(hash).toBe(sha256('a'.repeat(KEY_TEXT_BYTES_MAX + 1)))
    expect(key(...blobImage(Buffer.from(hash)))).not.toBe(hash)
  })

  it('begins anew after a row that could not be read', () => {
    const json = column(1, ColumnType.JSON, 4)
    const key = rowKey([text(0), json])
    expect(() => key(...blobImage(Buffer.from('left'), Buffer.from([99])))).toThrow(BinlogEventCorruptError)
    expect(key(...blobImage(Buffer.from('right'), Buffer.from([4, 1])))).toBe('right\ttrue')
  })

  it('is refused where the image says NULL of a column that never is', () => {
    const never = binlogColumn('d.t', 0, { type: ColumnType.LONGLONG, meta: 0, nullable: false, name: 'id' }, undefined)
    expect(() => rowKey([never])(Buffer.alloc(8), Int32Array.of(-1))).toThrow(BinlogEventCorruptError)
  })

  it('of one integer column that is NULL is the mark of NULL', () => {
    for (const type of [ColumnType.LONG, ColumnType.LONGLONG, ColumnType.YEAR]) {
      expect(rowKey([column(0, type)])(Buffer.alloc(8, 1), Int32Array.of(-1))).toBe('\\N')
    }
  })
})
