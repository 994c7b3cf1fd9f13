import { missing } from '../error/missing.ts'
import { type ChunkColumn, type Transfer } from './chunk-columns.ts'
import * as output from './image-output.ts'

/**
 * Writes the image of one row into `t` at `o`, as an insert has it in the log, from a packet of the binary protocol whose row
 * begins at `p` in `b`. Returns the offset after the image.
 *
 * | bytes     | what, on the wire                                      |
 * |-----------|--------------------------------------------------------|
 * | 1         | 0                                                      |
 * | ⌊(n+9)/8⌋ | a bit per column that is NULL, from the third bit on   |
 * | …         | the other values in order                              |
 */
export type ImageWriter = (b: Buffer, p: number, t: Buffer, o: number) => number

/** One function for all columns, without a loop over them; see `row-scanner.ts`. */
export function compileImageWriter(columns: readonly ChunkColumn[]): ImageWriter {
  const asked = columns.filter(({ transfer }) => transfer !== undefined)
  const nullBytes = (columns.length + 7) >> 3
  const lines = [`const m = p + 1, i = o; p += 1 + ${(asked.length + 9) >> 3}; o += ${nullBytes}`]
  for (let k = 0; k < nullBytes; k++) lines.push(`t[i + ${k}] = ${unshownBits(columns, k)}`)
  asked.forEach((column, j) => {
    const at = columns.indexOf(column)
    const isNull = `b[m + ${(j + 2) >> 3}] & ${1 << ((j + 2) & 7)}`
    const { transfer = missing(`how column ${column.name} comes`) } = column
    lines.push(`if (${isNull}) t[i + ${at >> 3}] |= ${1 << (at & 7)}`, `else { ${valueCode(transfer)} }`)
  })
  // The text is made of numbers alone: nothing that the server says gets into it.
  const body = `'use strict'; return function (b, p, t, o) { let v = 0;\n${lines.join('\n')}\nreturn o }`
  return (new Function('rt', body) as (rt: typeof output) => ImageWriter)(output)
}

function unshownBits(columns: readonly ChunkColumn[], byte: number): number {
  return columns
    .slice(byte * 8, byte * 8 + 8)
    .reduce((bits, { transfer }, i) => (transfer === undefined ? bits | (1 << i) : bits), 0)
}

/** The length before a value, which moves `p` behind itself. */
const LENGTH = `v = b[p++]; if (v > 250) {
  if (v === 252) { v = b[p] | b[p + 1] << 8; p += 2 }
  else if (v === 253) { v = b[p] | b[p + 1] << 8 | b[p + 2] << 16; p += 3 }
  else { v = (b[p] | b[p + 1] << 8 | b[p + 2] << 16) + b[p + 3] * 0x1000000; p += 8 }
}`

function valueCode(transfer: Transfer): string {
  switch (transfer.kind) {
    case 'bytes': {
      const copies = Array.from({ length: transfer.bytes }, (_unused, k) => `t[o + ${k}] = b[p + ${k}]`)
      return `${copies.join('; ')}; o += ${transfer.bytes}; p += ${transfer.wireBytes}`
    }
    case 'year':
      return 'v = b[p] | b[p + 1] << 8; t[o++] = v === 0 ? 0 : v - 1900; p += 2'
    case 'text':
      return `${LENGTH}; o = rt.text(t, o, b, p, v); p += v`
    case 'bit':
      return `${LENGTH}; for (let k = ${transfer.bytes}; k > 0; k--) t[o++] = k > v ? 0 : b[p + v - k]; p += v`
    case 'decimal':
      return `${LENGTH}; o = rt.decimal(t, o, b, p, v, ${transfer.precision}, ${transfer.scale}); p += v`
    case 'date':
      return 'o = rt.date(t, o, b, p); p += 1 + b[p]'
    case 'time':
    case 'datetime':
    case 'timestamp':
      return `o = rt.${transfer.kind}(t, o, b, p, ${transfer.digits}); p += 1 + b[p]`
  }
}
