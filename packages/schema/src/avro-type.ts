import { messageOf } from '@aesop/kernel'
import avro from 'avsc'
import { SchemaInvalidError } from './errors.ts'

/**
 * The avsc type of a schema, with longs as bigints so that no digit is lost. It is the slow and complete path: it
 * says what a schema means, encodes row objects of custom mappers, and is the oracle of the readers. @throws SchemaInvalidError
 */
export function avroTypeOf(text: string, where = 'a logical source'): avro.Type {
  const long = bigintLong()
  try {
    return avro.Type.forSchema(JSON.parse(text) as avro.Schema, {
      wrapUnions: false,
      // A long may stand as a name or, with a logical type, as an object.
      typeHook: (schema) => (schema === 'long' || (schema as { type?: unknown }).type === 'long' ? long : undefined),
    })
  } catch (error) {
    throw new SchemaInvalidError(where, messageOf(error), error)
  }
}

function bigintLong(): avro.Type {
  return avro.types.LongType.__with({
    fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
    toBuffer: (value: bigint | number) => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)))
      return bytes
    },
    fromJSON: (value: number | string) => BigInt(value),
    toJSON: (value: bigint) => value.toString(),
    isValid: (value: unknown) => typeof value === 'bigint' || Number.isSafeInteger(value),
    compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
  })
}
