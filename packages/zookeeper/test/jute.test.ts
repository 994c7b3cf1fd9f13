import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertProperty } from '../../../test/support/property.ts'
import { FRAME_BYTES_MAX, FrameSplitter } from '../src/frame-splitter.ts'
import { JuteReader } from '../src/jute-reader.ts'
import { JuteWriter } from '../src/jute-writer.ts'

/* The bytes below everything: what is written is read equal, however it arrives, and no length is believed. */
const LENGTH_BYTES = 4

test('what is written is read equal', () => {
  const reached = { long: 0 }
  const values = fc.record({
    int: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    long: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    bool: fc.boolean(),
    buffer: fc.uint8Array({ maxLength: 1_000, size: 'max' }),
    texts: fc.array(fc.string({ unit: 'grapheme' })),
  })
  const property = fc.property(values, ({ int, long, bool, buffer, texts }) => {
    const writer = new JuteWriter().int(int).long(long).bool(bool).buffer(buffer)
    const packet = writer.vector(texts, (text) => writer.text(text)).packet()
    expect(packet.readInt32BE(0)).toBe(packet.length - LENGTH_BYTES)
    const reader = new JuteReader(packet.subarray(LENGTH_BYTES))
    expect([reader.int(''), reader.long(''), reader.bool('')]).toEqual([int, long, bool])
    expect(reader.buffer('')).toEqual(Buffer.from(buffer))
    expect(reader.vector('', LENGTH_BYTES, () => reader.text(''))).toEqual(texts)
    reader.end('')
    if (packet.length > 300) reached.long++
  })
  assertProperty(property, { seed: 4711, numRuns: 200, reached, atLeast: 20 })
})

describe('a reader', () => {
  const reader = (...bytes: readonly number[]) => new JuteReader(Buffer.from(bytes))

  test('takes null for empty', () => {
    expect(reader(255, 255, 255, 255).buffer('data')).toHaveLength(0)
    expect(reader(255, 255, 255, 255).vector('children', 1, () => 0)).toEqual([])
  })

  test.each([
    ['a length below null', () => reader(255, 255, 255, 254).buffer('data'), 'data is -2 bytes long'],
    [
      'a length beyond the packet',
      () => reader(127, 255, 255, 255, 0).text('a name'),
      'a name is cut: 2147483647 bytes expected, 1 there',
    ],
    [
      'a count that the bytes can not hold',
      () => reader(127, 255, 255, 255, 0).vector('children', 5, () => 0),
      'children is 2147483647 items in 1 bytes',
    ],
    [
      'a count below null',
      () => reader(255, 255, 255, 0).vector('children', 5, () => 0),
      'children is -256 items in 0 bytes',
    ],
    ['what is neither true nor false', () => reader(2).bool('readOnly'), 'readOnly is 2, expected 0 or 1'],
  ])('refuses %s', (_name, read, message) => {
    expect(read).toThrow(message)
  })

  test('gives bytes of their own', () => {
    const frame = Buffer.from([0, 0, 0, 1, 65])
    const data = new JuteReader(frame).buffer('data')
    frame.fill(0)
    expect(data.toString()).toBe('A')
  })
})

describe('packets', () => {
  const frames = [Buffer.from([1]), Buffer.alloc(300, 2), Buffer.from([3, 4])]
  const stream = Buffer.concat(frames.flatMap((frame) => [lengthOf(frame.length), frame]))

  test('are cut from any two parts of a stream', () => {
    for (let at = 0; at <= stream.length; at++) {
      const splitter = new FrameSplitter()
      const cut = [stream.subarray(0, at), stream.subarray(at)].flatMap((chunk) => splitter.push(chunk))
      expect(cut, `split at ${at}`).toEqual(frames)
    }
  })

  test('are cut from single bytes', () => {
    const splitter = new FrameSplitter()
    expect([...stream].flatMap((byte) => splitter.push(Buffer.from([byte])))).toEqual(frames)
  })

  test.each([0, -1, -(2 ** 31), FRAME_BYTES_MAX + 1])('of %i bytes are refused before they come', (length) => {
    expect(() => new FrameSplitter().push(lengthOf(length))).toThrow(`a packet is ${length} bytes long`)
    const splitter = new FrameSplitter()
    expect(() => splitter.push(Buffer.concat([lengthOf(1), Buffer.from([1]), lengthOf(length)]))).toThrow('a packet is')
  })

  test('of the largest size are read', () => {
    const splitter = new FrameSplitter()
    splitter.push(lengthOf(FRAME_BYTES_MAX))
    expect(splitter.push(Buffer.alloc(FRAME_BYTES_MAX))).toHaveLength(1)
  })
})

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeInt32BE(bytes)
  return length
}
