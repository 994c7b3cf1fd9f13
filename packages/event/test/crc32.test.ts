import { crcByBytes, eventCrc } from '@aesop/event'
import { expect, test } from 'vitest'
import { naiveCrc } from './support/naive-encoder.ts'

test('the check value of "123456789" is 2dfd2d88', () => {
  const bytes = Buffer.from('123456789')
  expect(eventCrc(bytes, 0, 9).toString(16)).toBe('2dfd2d88')
  expect(crcByBytes(bytes, 0, 9).toString(16)).toBe('2dfd2d88')
  expect(naiveCrc(bytes).toString(16)).toBe('2dfd2d88')
})

test('all lengths from 0 to 1000 give the checksum of the byte loop, at odd offsets too', () => {
  const bytes = Buffer.alloc(1010)
  for (let i = 0, x = 1; i < bytes.length; i++) bytes[i] = (x = (x * 1103515245 + 12345) & 0x7fffffff) >> 16
  for (let length = 0; length <= 1000; length++) {
    const from = length % 7
    expect(eventCrc(bytes, from, from + length)).toBe(crcByBytes(bytes, from, from + length))
  }
  expect(crcByBytes(bytes, 3, 500)).toBe(naiveCrc(bytes.subarray(3, 500)))
})
