import * as output from './avro-output.ts'
import { type AvroPrimitive } from './record-schema.ts'

/** What a database has in a column, as far as it needs no schema: `bigint` where it is larger than a number, texts, and bytes. */
export type AvroValue = boolean | number | bigint | string | Uint8Array

/** Writes one converted value that is not null. @returns the offset after it */
export function writeAvroValue(type: AvroPrimitive, t: Buffer, o: number, value: AvroValue): number {
  switch (type) {
    case 'boolean':
      t[o] = value === true ? 1 : 0
      return o + 1
    case 'int':
    case 'long':
      return output.bigLong(t, o, BigInt(value as number | bigint))
    case 'float':
      return t.writeFloatLE(Number(value), o)
    case 'double':
      return t.writeDoubleLE(Number(value), o)
    case 'string':
      return output.text(t, o, value as string)
    case 'bytes': {
      const bytes = value as Uint8Array
      const at = output.natural(t, o, bytes.length)
      t.set(bytes, at)
      return at + bytes.length
    }
  }
}

/** Writes the value that stands for a column that a partial image of a DELETE does not carry. */
export function writeAvroDefault(type: AvroPrimitive, t: Buffer, o: number): number {
  const bytes = type === 'float' ? 4 : type === 'double' ? 8 : 1
  t.fill(0, o, o + bytes)
  return o + bytes
}
