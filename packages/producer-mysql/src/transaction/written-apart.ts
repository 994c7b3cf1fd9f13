import { constants } from 'node:buffer'
import { type ValueWriter } from '@aesop/event'

/**
 * Writes a value outside of the buffer, where its upper bound is far above what it may really take: JSON and text in foreign
 * character sets have wide bounds, and a buffer reserves what it is asked for. Nobody but the value touches the memory.
 */
export function writtenApart(write: ValueWriter, valueBytesMax: number): Buffer {
  const target = Buffer.allocUnsafeSlow(Math.min(valueBytesMax, constants.MAX_LENGTH))
  return target.subarray(0, write(target, 0))
}
