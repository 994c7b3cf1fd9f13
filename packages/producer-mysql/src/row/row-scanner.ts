import { type BinlogColumn } from '../table/binlog-column.ts'
import { missing } from '../error/missing.ts'

/** In the place of an offset: the value is NULL. */
export const AT_NULL = -1
/** In the place of an offset: the image does not carry the column. */
export const AT_ABSENT = -2

/**
 * Finds the values of one row image: `at[i]` becomes the offset of column i (of its length prefix, where it has one),
 * or AT_NULL or AT_ABSENT. Returns the offset after the image, which may be NaN or beyond the event when the bytes are
 * wrong: the caller compares it with the end.
 *
 * An image is one null bit per present column, lowest bit first, then the values of the others in order.
 */
export type RowScanner = (bytes: Buffer, image: number, at: Int32Array) => number

/** Which columns an image carries: a bit per column, lowest first. */
export function isPresent(present: Uint8Array, column: number): boolean {
  const bits = present[column >> 3] ?? missing(`the bit of column ${column}`)
  return ((bits >> (column & 7)) & 1) === 1
}

/** Makes the scanner of images that carry the columns in `present`. */
export function compileRowScanner(columns: readonly BinlogColumn[], present: Uint8Array): RowScanner {
  const carried = columns.filter((column) => isPresent(present, column.index))
  const lines = columns
    .filter((column) => !isPresent(present, column.index))
    .map((column) => `at[${column.index}] = ${AT_ABSENT}`)
  const nullBytes = (carried.length + 7) >> 3
  for (let i = 0; i < nullBytes; i++) lines.push(`const n${i} = b[p + ${i}]`)
  lines.push(`p += ${nullBytes}`)
  carried.forEach((column, i) => {
    lines.push(`if (n${i >> 3} & ${1 << (i & 7)}) at[${column.index}] = ${AT_NULL}`)
    lines.push(`else { at[${column.index}] = p; p += ${storedBytesCode(column)} }`)
  })
  // The text is made of numbers alone: nothing that the log says gets into it.
  return new Function('b', 'p', 'at', `'use strict'\n${lines.join('\n')}\nreturn p`) as RowScanner
}

function storedBytesCode(column: BinlogColumn): string {
  switch (column.prefixBytes) {
    case 0:
      return String(column.fixedBytes)
    case 1:
      return '1 + b[p]'
    case 2:
      return '2 + (b[p] | b[p + 1] << 8)'
    case 3:
      return '3 + (b[p] | b[p + 1] << 8 | b[p + 2] << 16)'
    default:
      return '4 + (b[p] | b[p + 1] << 8 | b[p + 2] << 16) + b[p + 3] * 0x1000000'
  }
}
