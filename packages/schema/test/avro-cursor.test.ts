import { expect, test } from 'vitest'
import { AvroCursor } from '../src/avro-cursor.ts'

/** An Avro string: its length as a zigzag varint, of less than 64 here, and its bytes. */
function read(text: Buffer): string {
  const cursor = new AvroCursor()
  cursor.bytes = Buffer.concat([Buffer.from([0xff, text.length * 2]), text, Buffer.from('behind')])
  cursor.at = 1
  const found = cursor.string()
  expect(cursor.at).toBe(2 + text.length)
  return found
}

test('reads a text of any length as UTF-8, wherever in it a byte is that is no ASCII, or no UTF-8 at all', () => {
  let looked = 0
  for (let length = 0; length < 20; length++) {
    const ascii = Buffer.from(Array.from({ length }, (_unused, i) => (i * 37 + length) % 0x80))
    expect(read(ascii)).toBe(ascii.toString('utf8'))
    for (let at = 0; at < length; at++) {
      for (const byte of [0x80, 0xc3, 0xe4, 0xff]) {
        const other = Buffer.from(ascii)
        other[at] = byte
        expect(read(other)).toBe(other.toString('utf8'))
        looked++
      }
    }
  }
  expect(read(Buffer.from('grün'))).toBe('grün')
  expect(looked).toBe(4 * 190)
})
