import {
  EventCorruptError,
  EventDecoder,
  EventTooLargeError,
  EventTruncatedError,
  type EventVersion,
  RemoteErrorTextError,
  writeEndOfPeriod,
} from '@aesop/event'
import { AesopError } from '@aesop/kernel'
import { expect, test } from 'vitest'
import { encode, golden } from './support/events.ts'

const LIMIT = 1 << 20

function endOfPeriod(version: EventVersion): Buffer {
  const bytes = Buffer.alloc(61)
  return bytes.subarray(0, writeEndOfPeriod(bytes, 0, 1000n, 1, version, 5n))
}

function streamBytes(version: EventVersion): Buffer {
  return Buffer.concat([
    encode(golden, version),
    encode({ ...golden, key: 'a key', value: Buffer.alloc(40, 9) }, version),
    encode({ ...golden, key: '', value: Buffer.alloc(0), opcode: 'DELETE' }, version),
    endOfPeriod(version),
  ])
}

const VERSIONS = [1, 2] as const

/** Every event that the chunks hold, as hex. */
function decode(chunks: readonly Buffer[], limit = LIMIT): string[] {
  const decoder = new EventDecoder(limit)
  const events: string[] = []
  for (const chunk of chunks) {
    decoder.push(chunk)
    for (let view = decoder.next(); view !== undefined; view = decoder.next()) {
      events.push(view.bytes.toString('hex', view.offset, view.end))
    }
  }
  decoder.end()
  return events
}

test.each(VERSIONS)('the whole stream gives its events (version %d)', (version) => {
  const stream = streamBytes(version)
  const whole = decode([streamBytes(version)])
  expect(whole).toHaveLength(4)
  expect(whole.join('')).toBe(stream.toString('hex'))
})

test.each(VERSIONS)('a stream that is split anywhere gives the same events (version %d)', (version) => {
  const stream = streamBytes(version)
  const whole = decode([streamBytes(version)])
  for (let at = 0; at <= stream.length; at++) {
    expect(decode([stream.subarray(0, at), stream.subarray(at)])).toEqual(whole)
  }
})

test.each(VERSIONS)(
  'a stream in single bytes, and in pieces of every size, gives the same events (version %d)',
  (version) => {
    const stream = streamBytes(version)
    const whole = decode([streamBytes(version)])
    for (let size = 1; size < stream.length; size++) {
      const chunks: Buffer[] = []
      for (let at = 0; at < stream.length; at += size) chunks.push(stream.subarray(at, at + size))
      expect(decode(chunks)).toEqual(whole)
    }
  },
)

test.each(VERSIONS)('a stream that ends inside an event is truncated, wherever it ends (version %d)', (version) => {
  const stream = streamBytes(version)
  const whole = decode([streamBytes(version)])
  const ends = new Set<number>()
  for (let at = 0, i = 0; i < whole.length; i++) ends.add((at += (whole[i]?.length ?? 0) / 2))
  for (let at = 1; at <= stream.length; at++) {
    const read = (): string[] => decode([stream.subarray(0, at)])
    if (ends.has(at)) expect(read().join('')).toBe(stream.toString('hex', 0, at))
    else expect(read).toThrow(EventTruncatedError)
  }
})

test.each(VERSIONS)(
  'a flipped bit anywhere in an event is a typed error, and the event is not delivered (version %d)',
  (version) => {
    const stream = streamBytes(version)
    const whole = decode([streamBytes(version)])
    for (let at = 0; at < stream.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = Buffer.from(stream)
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit)
        let events: string[] = []
        let thrown: unknown
        const decoder = new EventDecoder(LIMIT)
        try {
          decoder.push(damaged)
          for (let view = decoder.next(); view !== undefined; view = decoder.next()) {
            events = [...events, view.bytes.toString('hex', view.offset, view.end)]
          }
          decoder.end()
        } catch (error) {
          thrown = error
        }
        expect(thrown, `byte ${at}, bit ${bit}`).toBeInstanceOf(AesopError)
        expect(whole.slice(0, events.length)).toEqual(events)
        expect(events.length).toBeLessThan(whole.length)
      }
    }
  },
)

test('an event above the limit is refused before its bytes are there', () => {
  const decoder = new EventDecoder(1000)
  const head = Buffer.from(encode({ ...golden, value: Buffer.alloc(2000) }).subarray(0, 9))
  decoder.push(head)
  expect(() => decoder.next()).toThrow(EventTooLargeError)
  expect(decoder.pendingBytes).toBe(9)
})

test('a length below the smallest event is corrupt, not a loop', () => {
  for (const length of [-1, 0, 56]) {
    const damaged = encode(golden)
    damaged.writeInt32BE(length, 5)
    expect(() => decode([damaged])).toThrow(EventCorruptError)
  }
})

test('an error text where an event was expected is shown as what it is', () => {
  const text = '{"error":"com.linkedin.databus.core.ScnNotFoundException","message":"gone"}'
  expect(() => decode([Buffer.from(text)])).toThrow(RemoteErrorTextError)
  expect(() => decode([Buffer.from(text)])).toThrow(/ScnNotFoundException/)
})

test('many chunks of one long event are joined once', () => {
  const long = encode({ ...golden, value: Buffer.alloc(8 << 20, 1) })
  const chunks: Buffer[] = []
  for (let at = 0; at < long.length; at += 16384) chunks.push(long.subarray(at, at + 16384))
  const start = process.cpuUsage()
  expect(decode(chunks, 1 << 26)).toHaveLength(1)
  expect(process.cpuUsage(start).user).toBeLessThan(2_000_000)
})
