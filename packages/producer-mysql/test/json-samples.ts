import fc from 'fast-check'

/* Documents in MySQL's binary JSON, all with offsets of four bytes. */

type Value = readonly [type: number, bytes: Buffer]

function sized(bytes: Buffer): Buffer {
  const prefix: number[] = []
  let length = bytes.length
  for (; length > 0x7f; length = Math.floor(length / 128)) prefix.push((length & 0x7f) | 0x80)
  return Buffer.concat([Buffer.from([...prefix, length]), bytes])
}

function filled(bytes: number, fill: (target: Buffer) => void): Buffer {
  const target = Buffer.alloc(bytes)
  fill(target)
  return target
}

function container(keys: readonly Buffer[] | undefined, values: readonly Value[]): Value {
  const keysAt = 8
  const entriesAt = keysAt + (keys?.length ?? 0) * 6
  let at = entriesAt + values.length * 5
  const head = Buffer.alloc(at)
  head.writeUInt32LE(values.length, 0)
  keys?.forEach((key, i) => {
    head.writeUInt32LE(at, keysAt + i * 6)
    head.writeUInt16LE(key.length, keysAt + i * 6 + 4)
    at += key.length
  })
  const rest: Buffer[] = [...(keys ?? [])]
  values.forEach(([type, bytes], i) => {
    const entry = entriesAt + i * 5
    head[entry] = type
    if (type === 4 || type === 5) bytes.copy(head, entry + 1)
    else {
      head.writeUInt32LE(at, entry + 1)
      at += bytes.length
      rest.push(bytes)
    }
  })
  head.writeUInt32LE(at, 4)
  return [keys === undefined ? 3 : 1, Buffer.concat([head, ...rest])]
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: fc.constantFrom('\u0000', '\u001f', '"') }),
)
const scalar: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom(0, 1, 2).map((literal): Value => [4, Buffer.from([literal])]),
  fc.integer({ min: -32768, max: 32767 }).map((value): Value => [5, filled(2, (b) => b.writeInt16LE(value))]),
  fc
    .bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })
    .map((value): Value => [9, filled(8, (b) => b.writeBigInt64LE(value))]),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value): Value => [11, filled(8, (b) => b.writeDoubleLE(value))]),
  text.map((value): Value => [12, sized(Buffer.from(value, 'utf8'))]),
  fc
    .tuple(fc.constantFrom(13, 16, 242, 252, 255), fc.uint8Array({ maxLength: 90 }))
    .map(([type, bytes]): Value => [15, Buffer.concat([Buffer.from([type]), sized(Buffer.from(bytes))])]),
)

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 8 }).map((values) => container(undefined, values)),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 6 }).map((pairs) =>
      container(
        pairs.map(([key]) => Buffer.from(key, 'utf8')),
        pairs.map(([, each]) => each),
      ),
    ),
  ),
})).value

/** A whole document: the type of its value, and the value. */
export const jsonBinary: fc.Arbitrary<Buffer> = value.map(([type, bytes]) =>
  Buffer.concat([Buffer.from([type]), bytes]),
)
