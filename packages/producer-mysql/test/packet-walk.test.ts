import fc from 'fast-check'
import { PassThrough } from 'node:stream'
import mysql from 'mysql2'
import { describe, expect, it } from 'vitest'
import { assertProperty } from '../../../test/support/property.ts'
import { type WalkedParser, walkPackets } from '../src/stream/packet-walk.ts'

interface Packet {
  readonly sequenceId: number
  readonly numPackets: number
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

/** A parser of the class that a connection of mysql2 has. */
const PacketParser = ((): new (take: (packet: Packet) => void) => WalkedParser => {
  const connection = mysql.createConnection({ stream: new PassThrough() })
  const { packetParser } = connection as unknown as { packetParser: { constructor: unknown } }
  connection.destroy()
  return packetParser.constructor as new (take: (packet: Packet) => void) => WalkedParser
})()

const PART_BYTES = 0xff_ffff
/** What is not taken: as an error of the server, or an event out of its order. */
const NOT_TAKEN = 0xff

function packet(sequence: number, payload: Buffer): Buffer {
  const head = Buffer.from([payload.length & 0xff, (payload.length >> 8) & 0xff, payload.length >> 16, sequence])
  return Buffer.concat([head, payload])
}

/** The payloads as they come out, and which way each went. */
function walked(
  chunks: readonly Buffer[],
  begins = (): boolean => true,
): { taken: Buffer[]; parsed: Buffer[]; all: Buffer[] } {
  const found = { taken: new Array<Buffer>(), parsed: new Array<Buffer>(), all: new Array<Buffer>() }
  const note = (list: Buffer[], bytes: Buffer): void => {
    const copy = Buffer.from(bytes)
    list.push(copy)
    found.all.push(copy)
  }
  const parser = new PacketParser(({ buffer, start, end }) => {
    note(found.parsed, buffer.subarray(start + 4, end))
  })
  walkPackets(parser, {
    begins,
    take: (chunk, start, end) => {
      if (chunk[start + 4] === NOT_TAKEN) return false
      note(found.taken, chunk.subarray(start + 4, end))
      return true
    },
  })
  for (const chunk of chunks) parser.execute(chunk)
  return found
}

describe('packets that lie whole in what came', () => {
  it('come out in their order and as they are, wherever the reads are cut and whichever of them are not taken', () => {
    const payload = fc.oneof(
      { weight: 5, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 60 }) },
      fc.uint8Array({ minLength: 1, maxLength: 8 }).map((bytes) => Uint8Array.of(NOT_TAKEN, ...bytes)),
      fc.constant(new Uint8Array(0)),
    )
    const reads = fc.record({
      payloads: fc.array(payload, { minLength: 1, maxLength: 40 }),
      sizes: fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 20, max: 400 })), {
        minLength: 1,
        maxLength: 9,
      }),
    })
    const reached = { taken: 0, cut: 0, notTaken: 0 }
    assertProperty(
      fc.property(reads, ({ payloads, sizes }) => {
        const wire = Buffer.concat(payloads.map((bytes, i) => packet(i & 0xff, Buffer.from(bytes))))
        const chunks: Buffer[] = []
        for (let at = 0, i = 0; at < wire.length; i++) {
          const size = sizes[i % sizes.length] as number
          chunks.push(wire.subarray(at, at + size))
          at += size
        }
        const { taken, parsed, all } = walked(chunks)
        expect(all).toEqual(payloads.map((bytes) => Buffer.from(bytes)))
        if (taken.length > 0) reached.taken++
        if (parsed.some((bytes) => bytes[0] === NOT_TAKEN)) reached.notTaken++
        if (parsed.some((bytes) => bytes[0] !== NOT_TAKEN)) reached.cut++
      }),
      { seed: 1, numRuns: 500, reached, atLeast: 100 },
    )
  })

  it('are none of a large one, whose parts are put together', () => {
    const [first, last] = [Buffer.alloc(PART_BYTES, 1), Buffer.from([2, 3])]
    const small = Buffer.from([4])
    const large = Buffer.concat([first, last])
    for (const cut of [PART_BYTES + 4, PART_BYTES + 10, 9]) {
      const wire = Buffer.concat([packet(0, small), packet(1, first), packet(2, last), packet(3, small)])
      const { all, taken } = walked([wire.subarray(0, 5 + cut), wire.subarray(5 + cut), packet(4, small)])
      expect(all.map(({ length }) => length)).toEqual([1, large.length, 1, 1])
      expect(all[1]?.equals(large)).toBe(true)
      expect(taken.at(-1)).toEqual(small)
    }
  })

  it('go through the parser while nobody takes them, and are taken again from the next read on', () => {
    let takes = false
    const bytes = Buffer.concat([packet(0, Buffer.from([1])), packet(1, Buffer.from([2]))])
    const { taken, parsed } = walked([bytes, bytes], () => {
      const now = takes
      takes = true
      return now
    })
    expect(parsed).toHaveLength(2)
    expect(taken).toHaveLength(2)
  })
})
