import { writeAvroDefault, writeAvroValue } from '@aesop/schema'
import * as output from './column-output.ts'
import { type BinlogColumn } from '../table/binlog-column.ts'
import { type ColumnConversion } from './column-conversion.ts'
import { enumLabel } from './column-value.ts'
import { ValueConversionError } from '../error/errors.ts'
import { missing } from '../error/missing.ts'
import { AT_ABSENT } from './row-scanner.ts'

/** Writes the Avro record of one row into `t` at `o`: the values lie in `b` at the offsets that a scanner has found. */
export type RowWriter = (t: Buffer, o: number, b: Buffer, at: Int32Array) => number

/**
 * The plain way to write a row, value by value through row objects' values. Compiled writers are tested against it,
 * and write what has no code of its own through `writeField`.
 */
export function interpretRowWriter(conversions: readonly ColumnConversion[]): RowWriter {
  return (t, o, b, at) => {
    let end = o
    for (const conversion of conversions) {
      const { index, name } = conversion.column
      end = writeField(conversion, t, end, b, at[index] ?? missing(`the place of column ${name}`))
    }
    return end
  }
}

/** One field, union branch included; `p` is the offset of the value, AT_NULL or AT_ABSENT. */
function writeField(conversion: ColumnConversion, t: Buffer, o: number, b: Buffer, p: number): number {
  const value = p < 0 ? null : conversion.read(b, p)
  if (value === null) return writeNull(conversion, t, o, p)
  const branch = conversion.field.nullBranch
  if (branch === undefined) return writeAvroValue(conversion.type, t, o, value)
  t[o] = branch === 0 ? 2 : 0
  return writeAvroValue(conversion.type, t, o + 1, value)
}

function writeNull(conversion: ColumnConversion, t: Buffer, o: number, p: number): number {
  const { nullBranch, name } = conversion.field
  if (nullBranch !== undefined) {
    t[o] = nullBranch * 2
    return o + 1
  }
  if (p === AT_ABSENT) return writeAvroDefault(conversion.type, t, o)
  throw new ValueConversionError(name, `column ${conversion.column.name} is NULL, the field has no null`)
}

/**
 * Makes one function out of all fields: no objects, no loop over columns. What the log says gets into its text as
 * numbers only; strings and functions reach it as parameters.
 */
export function compileRowWriter(conversions: readonly ColumnConversion[]): RowWriter {
  const parameters: Record<string, unknown> = { rt: output, writeField }
  const lines = conversions.map((conversion, i) => {
    parameters[`c${i}`] = conversion
    const value = conversion.direct ? directCode(conversion, i, parameters) : undefined
    const slow = `o = writeField(c${i}, t, o, b, p)`
    if (value === undefined) return `p = at[${conversion.column.index}]; ${slow}`
    const branch = conversion.field.nullBranch
    const tag = branch === undefined ? '' : `t[o++] = ${branch === 0 ? 2 : 0}; `
    const plain = conversion.column.kind === 'timestamp' ? `p < 0 || ${ZERO_SECONDS}` : 'p < 0'
    return `p = at[${conversion.column.index}]; if (${plain}) ${slow}; else { ${tag}${value} }`
  })
  const body = `'use strict'; return function (t, o, b, at) { let p = 0, v = 0, w = 0;\n${lines.join('\n')}\nreturn o }`
  const make = new Function(...Object.keys(parameters), body) as (...values: unknown[]) => RowWriter
  return make(...Object.values(parameters))
}

/** The code that writes the value at `p`, or undefined where the plain way has to do. */
function directCode(
  { column, type }: ColumnConversion,
  i: number,
  parameters: Record<string, unknown>,
): string | undefined {
  const digits = column.fractionDigits
  switch (column.kind) {
    case 'int':
      return integerCode(column)
    case 'year':
      return varintCode('v = b[p]; v = v === 0 ? 0 : (1900 + v) * 2')
    case 'float':
      return 't[o] = b[p]; t[o + 1] = b[p + 1]; t[o + 2] = b[p + 2]; t[o + 3] = b[p + 3]; o += 4'
    case 'double':
      return 'for (v = 0; v < 8; v++) t[o + v] = b[p + v]; o += 8'
    case 'decimal':
      return decimalCode(column)
    case 'bit':
      return `o = rt.bits(t, o, b, p, ${column.fixedBytes})`
    case 'text':
    case 'bytes':
      return column.compressed ? undefined : textCode(column, i, parameters)
    case 'enum':
      return enumCode(column, i, parameters)
    case 'date':
      return 'o = rt.date(t, o, b, p)'
    case 'time':
    case 'datetime':
      return `o = rt.${column.kind}(t, o, b, p, ${digits})`
    case 'timestamp':
      return type === 'long' ? `o = rt.timestamp(t, o, b, p, ${digits})` : undefined
    default:
      return undefined
  }
}

function decimalCode({ precision, scale }: BinlogColumn): string {
  const name = output.isShortDecimal(precision, scale) ? 'shortDecimal' : 'decimal'
  return `o = rt.${name}(t, o, b, p, ${precision}, ${scale})`
}

/** A timestamp in the first second of 1970 may be the zero timestamp: the plain way tells. */
const ZERO_SECONDS = '(b[p] | b[p + 1] | b[p + 2] | b[p + 3]) === 0'

/** Zigzag in `v` as 32 bits; most values take one or two bytes. */
function varintCode(zigzag: string): string {
  return `${zigzag}; if (v < 128) t[o++] = v; else o = rt.varint(t, o, v)`
}

const U16 = 'b[p] | b[p + 1] << 8'
const U24 = `${U16} | b[p + 2] << 16`
const S32 = `${U24} | b[p + 3] << 24`
const SIGNED: Readonly<Record<number, string>> = {
  1: 'b[p] << 24 >> 24',
  2: `(${U16}) << 16 >> 16`,
  3: `(${U24}) << 8 >> 8`,
  4: S32,
}
const UNSIGNED: Readonly<Record<number, string>> = { 1: 'b[p]', 2: U16, 3: U24 }
const LENGTHS: Readonly<Record<number, string>> = { ...UNSIGNED, 4: `(${U24}) + b[p + 3] * 0x1000000` }

function codeFor(codes: Readonly<Record<number, string>>, bytes: number): string {
  return codes[bytes] ?? missing(`the code for ${bytes} bytes`)
}

function integerCode(column: BinlogColumn): string {
  if (column.fixedBytes === 8) {
    const high = 'v = b[p + 4] | b[p + 5] << 8 | b[p + 6] << 16 | b[p + 7] << 24'
    const small = 'o = rt.varint(t, o, w * 2)'
    return `w = ${S32}; ${high}; if (v === 0 && w >= 0 && w < 0x40000000) ${small}; else o = rt.long(t, o, v, w)`
  }
  if (!column.unsigned) return varintCode(`v = ${codeFor(SIGNED, column.fixedBytes)}; v = (v << 1 ^ v >> 31) >>> 0`)
  if (column.fixedBytes === 4) return `o = rt.natural(t, o, (${S32}) >>> 0)`
  return varintCode(`v = (${codeFor(UNSIGNED, column.fixedBytes)}) * 2`)
}

function textCode(column: BinlogColumn, i: number, parameters: Record<string, unknown>): string {
  const { prefixBytes } = column
  const length = codeFor(LENGTHS, prefixBytes)
  const start = `w = p + ${prefixBytes}; v = ${length}`
  if (column.kind === 'bytes') {
    if (column.paddedBytes > 0) return `${start}; o = rt.padded(t, o, b, w, v, ${column.paddedBytes})`
    return `${start}; o = rt.blob(t, o, b, w, v)`
  }
  if (column.text?.utf8 === true) return `${start}; o = rt.blob(t, o, b, w, v)`
  parameters[`d${i}`] = column.text
  return `${start}; o = rt.${column.text?.ascii === true ? 'asciiText' : 'otherText'}(t, o, b, w, v, d${i})`
}

/** Each label with its length before it, ready to be copied. */
function enumCode(column: BinlogColumn, i: number, parameters: Record<string, unknown>): string {
  parameters[`e${i}`] = ['', ...column.labels].map((label) => {
    const bytes = Buffer.alloc(Buffer.byteLength(label) + 5)
    return bytes.subarray(0, output.text(bytes, 0, label))
  })
  parameters[`u${i}`] = (index: number) => enumLabel(column, index)
  const index = column.fixedBytes === 2 ? U16 : 'b[p]'
  return `v = e${i}[${index}]; if (v === undefined) u${i}(${index}); for (w = 0; w < v.length; w++) t[o++] = v[w]`
}
