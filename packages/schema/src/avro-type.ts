import avro from 'avsc'

/**
 * The avsc type of a schema, with longs as bigints so that no digit is lost. It is the slow and complete path: for
 * schemas with more than primitive fields, for row objects of custom mappers, and as the oracle of the compiled reader.
 */
export function avroTypeOf(text: string): avro.Type {
  const long = bigintLong()
  return avro.Type.forSchema(JSON.parse(text) as avro.Schema, {
    wrapUnions: false,
    // A long may stand as a name or, with a logical type, as an object.
    typeHook: (schema) => (schema === 'long' || (schema as { type?: unknown }).type === 'long' ? long : undefined),
  })
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
