import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { EventChecksum } from '../src/log/event-checksum.ts'
import { MysqlEventChecksumError } from '../src/error/live-errors.ts'

function event(type: number, body: number[], timestamp = 1): Buffer {
  const bytes = Buffer.alloc(19 + body.length)
  bytes.writeUInt32LE(timestamp, 0)
  bytes[4] = type
  Buffer.from(body).copy(bytes, 19)
  return bytes
}

function sealed(bytes: Buffer): Buffer {
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32LE(crc32(bytes))
  return Buffer.concat([bytes, checksum])
}

const formatDescription = (algorithm: number): Buffer => event(15, [1, 2, 3, algorithm])

describe('the checksum of events', () => {
  it('is cut off when the format description announces CRC32', () => {
    const checksum = new EventChecksum()
    const description = sealed(formatDescription(1))
    expect(checksum.verify(description, 0, description.length)).toBe(description.length - 4)
    const xid = sealed(event(16, [1, 2, 3, 4, 5, 6, 7, 8]))
    expect(checksum.verify(xid, 0, xid.length)).toBe(xid.length - 4)
  })

  it('finds every single flipped bit of an event', () => {
    const checksum = new EventChecksum()
    const description = sealed(formatDescription(1))
    checksum.verify(description, 0, description.length)
    const bytes = sealed(event(16, [9, 8, 7]))
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      // A flip in the type byte may make it a format description, which has its own check below.
      const broken = Buffer.from(bytes)
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => checksum.verify(broken, 0, broken.length)).toThrow(MysqlEventChecksumError)
    }
  })

  it('is not looked for when the log has none', () => {
    const checksum = new EventChecksum()
    const description = Buffer.concat([formatDescription(0), Buffer.alloc(4)])
    checksum.verify(description, 0, description.length)
    const xid = event(16, [1, 2, 3, 4, 5, 6, 7, 8])
    expect(checksum.verify(xid, 0, xid.length)).toBe(xid.length)
  })

  it('is recognised on the rotate event that the server makes up before the first format description', () => {
    const rotate = event(4, [4, 0, 0, 0, 0, 0, 0, 0, 97, 46, 49], 0)
    expect(new EventChecksum().verify(sealed(rotate), 0, rotate.length + 4)).toBe(rotate.length)
    expect(new EventChecksum().verify(rotate, 0, rotate.length)).toBe(rotate.length)
  })
})

it('is the CRC-32 of zlib for every length', () => {
  const checksum = new EventChecksum()
  const description = sealed(formatDescription(1))
  checksum.verify(description, 0, description.length)
  for (let length = 0; length < 900; length++) {
    const bytes = sealed(
      event(
        16,
        Array.from({ length }, (_unused, i) => (i * 7 + length) & 0xff),
      ),
    )
    expect(checksum.verify(bytes, 0, bytes.length)).toBe(bytes.length - 4)
  }
})
