import {
  checkEvent,
  EventDecoder,
  EventTooLargeError,
  type EventTruncatedError,
  RemoteErrorTextError,
} from '@aesop/event'
import { expect, test, vi } from 'vitest'
import { assertReached } from '../../../test/support/property.ts'
import { seedOf } from '../../../test/support/seed.ts'
import { SeededDraw } from '../../../test/support/seeded-draw.ts'
import * as layout from '../src/event-layout-v1.ts'
import { encode, golden } from './support/events.ts'
import { naiveCrc } from './support/naive-encoder.ts'

const LIMIT = 1 << 20
const withByteKey = { ...golden, key: 'key', value: Buffer.from('value') }

/** Gives a changed event the header checksum that its bytes have now. */
function sealed(bytes: Buffer, headerEnd: number): Buffer {
  bytes.writeUInt32BE(naiveCrc(bytes.subarray(layout.AT_LENGTH, headerEnd)), layout.AT_HEADER_CRC)
  return bytes
}

function next(bytes: Buffer, limit = LIMIT): unknown {
  const decoder = new EventDecoder(limit)
  decoder.push(bytes)
  return decoder.next()?.length
}

test.each([57, 60])('an event with a long key of %d bytes has no room for it', (length) => {
  const bytes = encode(golden)
  bytes.writeInt32BE(length, layout.AT_LENGTH)
  expect(() => next(bytes)).toThrow(`corrupt change event: length ${length} is shorter than its header of 61 bytes`)
})

test('an event that is its header and nothing else is whole, with either key', () => {
  const nothing = Buffer.alloc(0)
  expect(next(encode({ ...golden, value: nothing }))).toBe(61)
  expect(next(encode({ ...golden, key: '', value: nothing }))).toBe(57)
})

test('an event of 56 bytes is too short to be looked at', () => {
  const bytes = encode(golden)
  bytes.writeInt32BE(56, layout.AT_LENGTH)
  expect(() => next(bytes)).toThrow('length 56 is below the smallest, 57')
})

test('a key as long as its event has room for passes; one byte more, and a negative length, are named', () => {
  const bytes = encode(withByteKey)
  const room = bytes.length - layout.AT_KEY_BYTES
  const keyOf = (length: number): Buffer => {
    const changed = Buffer.from(bytes)
    changed.writeInt32BE(length, layout.AT_KEY)
    return sealed(changed, layout.AT_KEY_BYTES)
  }
  expect(next(keyOf(room))).toBe(bytes.length)
  expect(next(keyOf(0))).toBe(bytes.length)
  for (const length of [room + 1, -1]) {
    expect(() => next(keyOf(length))).toThrow(`key length ${length} does not fit in an event of ${bytes.length} bytes`)
  }
})

test.each([golden, withByteKey])('a checksum that is not that of its bytes is shown beside it (key $key)', (event) => {
  const stated = encode(event)
  stated.writeUInt32BE(0xabc, layout.AT_HEADER_CRC)
  const headerEnd = event === golden ? layout.AT_VALUE_AFTER_LONG_KEY : layout.AT_KEY_BYTES
  const header = naiveCrc(stated.subarray(layout.AT_LENGTH, headerEnd)).toString(16)
  expect(() => next(stated)).toThrow(`corrupt change event: the header says CRC abc, its bytes give ${header}`)
  const changed = encode(event)
  changed.writeUInt32BE(0xdef, layout.AT_VALUE_CRC)
  const value = naiveCrc(changed.subarray(headerEnd)).toString(16)
  expect(() => next(sealed(changed, headerEnd))).toThrow(`the value says CRC def, its bytes give ${value}`)
})

test('an event is proven where it lies, without the bytes around it', () => {
  const bytes = encode(withByteKey)
  const around = Buffer.concat([Buffer.alloc(7, 1), bytes, Buffer.alloc(7, 1)])
  checkEvent(around, 7, bytes.length)
  expect(() => {
    checkEvent(around, 7, bytes.length + 1)
  }).toThrow('the value says CRC')
})

test('another version is named', () => {
  const bytes = encode(golden)
  bytes[0] = 7
  expect(() => next(bytes)).toThrow('corrupt change event: version 7 is not known, expected 0')
})

test('an event of exactly the limit passes, and one byte more is refused with both sizes', () => {
  const bytes = encode(golden)
  expect(next(bytes, bytes.length)).toBe(bytes.length)
  let thrown: unknown
  try {
    next(bytes, bytes.length - 1)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(EventTooLargeError)
  expect((thrown as EventTooLargeError).fields).toEqual({ bytes: bytes.length, bytesMax: bytes.length - 1 })
})

test('an error text is shown from where it begins, up to 512 bytes of it, behind events that came before it', () => {
  const text = `{"error":"${'x'.repeat(600)}"}`
  const decoder = new EventDecoder(LIMIT)
  decoder.push(Buffer.concat([encode(golden), Buffer.from(text)]))
  expect(decoder.next()?.scn).toBe(golden.scn)
  let thrown: unknown
  try {
    decoder.next()
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(RemoteErrorTextError)
  expect((thrown as Error).message).toBe(`the relay answered with an error text: ${text.slice(0, 512)}`)
})

test('what is held is counted, from the first byte to the end', () => {
  const bytes = encode(golden)
  const decoder = new EventDecoder(LIMIT)
  expect([decoder.pendingBytes, decoder.next()]).toEqual([0, undefined])
  decoder.end()
  for (const [from, to] of [
    [0, 8],
    [8, 9],
    [9, 40],
    [40, bytes.length - 1],
  ] as const) {
    decoder.push(bytes.subarray(from, to))
    expect([decoder.pendingBytes, decoder.next()]).toEqual([to, undefined])
    let thrown: unknown
    try {
      decoder.end()
    } catch (error) {
      thrown = error
    }
    expect((thrown as EventTruncatedError).fields).toEqual({ pendingBytes: to })
  }
  decoder.push(Buffer.concat([bytes.subarray(-1), bytes.subarray(0, 20)]))
  expect(decoder.next()?.length).toBe(bytes.length)
  expect([decoder.pendingBytes, decoder.next(), decoder.pendingBytes]).toEqual([20, undefined, 20])
})

test('a long key is no length of a key', () => {
  for (const key of [-1n, 2n ** 62n]) expect(next(encode({ ...golden, key }))).toBe(encode(golden).length)
})

test('an event is there when its bytes are, however often it was asked for in between', () => {
  const events = [2000, 3, 900, 0].map((bytes) => encode({ ...golden, value: Buffer.alloc(bytes, 5) }))
  const stream = Buffer.concat(events)
  const reached = { whole: 0, several: 0, pieces: 0 }
  for (const seed of [1, 2, 3, 4].map(seedOf)) {
    const draw = new SeededDraw(seed)
    for (let round = 0; round < 50; round++) {
      const decoder = new EventDecoder(LIMIT)
      const lengths: number[] = []
      let given = 0
      for (let at = 0, pushed = 0; at < stream.length;) {
        const piece = stream.subarray(at, at + 1 + draw.below(draw.of([8, 60, 3000])))
        at += piece.length
        pushed += 1
        decoder.push(piece)
        if (draw.below(3) > 0 && at < stream.length) continue
        const before = lengths.length
        for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
          lengths.push(event.length)
          given += event.length
        }
        const there = events.filter((_, i) => Buffer.concat(events.slice(0, i + 1)).length <= at).length
        expect(lengths.length, `seed ${seed}, round ${round}, after ${at} bytes`).toBe(there)
        expect(decoder.pendingBytes).toBe(at - given)
        if (lengths.length > before + 1) reached.several++
        reached[pushed > 1 ? 'pieces' : 'whole']++
        pushed = 0
      }
      expect(lengths).toEqual(events.map((event) => event.length))
    }
  }
  assertReached({ reached, atLeast: 50 })
})

/** How often `work` puts pieces together. */
function joinsOf(work: () => void): number {
  const concat = vi.spyOn(Buffer, 'concat')
  try {
    work()
    return concat.mock.calls.length
  } finally {
    concat.mockRestore()
  }
}

test('a chunk that begins an event is read in place; the pieces of an event are joined once', () => {
  const bytes = encode({ ...golden, value: Buffer.alloc(5000, 3) })
  const decoder = new EventDecoder(LIMIT)
  const whole = joinsOf(() => {
    decoder.push(bytes)
    expect(decoder.next()?.bytes).toBe(bytes)
  })
  const pieces = joinsOf(() => {
    for (let at = 0; at < bytes.length; at += 100) {
      decoder.push(bytes.subarray(at, at + 100))
      const event = decoder.next()
      expect(event?.length).toBe(at + 100 >= bytes.length ? bytes.length : undefined)
    }
  })
  expect([whole, pieces, decoder.pendingBytes]).toEqual([0, 1, 0])
})
