import { expect, it } from 'vitest'
import { ANSWER_BYTES_MAX, checkPacketBound, EVENT_BYTES_MAX, type ParserState } from '../src/server/packet-bound.ts'

const PART = 0xff_ffff
const check = (state: Partial<ParserState>, isLoggedIn: boolean, bytesMax: number) => (): void => {
  checkPacketBound({ bufferLength: 0, length: 0, largePacketParts: [], ...state }, isLoggedIn, bytesMax, 'db:3306')
}
const parts = (count: number): unknown[] => Array.from({ length: count })

it('a packet is refused by what it announces, and by the parts that came before', () => {
  const refused = expect.objectContaining({ code: 'AESOP_MYSQL_PACKET_TOO_LARGE' }) as Error
  expect(check({ bufferLength: 1, length: 65_536 }, false, EVENT_BYTES_MAX)).not.toThrow()
  expect(check({ bufferLength: 1, length: 65_537 }, false, EVENT_BYTES_MAX)).toThrow(refused)
  expect(check({ bufferLength: 1, length: PART }, true, ANSWER_BYTES_MAX)).not.toThrow()
  expect(check({ bufferLength: 1, length: 1, largePacketParts: parts(1) }, true, ANSWER_BYTES_MAX)).toThrow(refused)
  expect(check({ largePacketParts: parts(64) }, true, EVENT_BYTES_MAX)).not.toThrow()
  expect(check({ largePacketParts: parts(65) }, true, EVENT_BYTES_MAX)).toThrow(refused)
})

it('a length that is left from a packet that is complete counts no more', () => {
  expect(check({ bufferLength: 0, length: PART }, false, ANSWER_BYTES_MAX)).not.toThrow()
})
