import { type EventView } from '@aesop/event'
import { foldedKey } from './key-fold.ts'

const FNV_BASIS = 0x811c9dc5
const FNV_PRIME = 0x01000193

/**
 * The partition of an event's key: the same for the same key of any source, in each run with so many partitions, and for all keys that
 * their table takes for one.
 */
export function partitionOf(event: EventView, partitions: number): number {
  if (partitions === 1) return 0
  const hash = event.hasByteKey ? hashOfText(foldedKey(event.keyBytes)) : hashOfLong(event.key)
  return (hash >>> 0) % partitions
}

function hashOfText(text: string): number {
  let hash = FNV_BASIS
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME)
  return mixed(hash)
}

function hashOfLong(key: bigint | string): number {
  const long = BigInt(key)
  const low = Number(BigInt.asIntN(32, long))
  const high = Number(BigInt.asIntN(32, long >> 32n))
  return mixed(low ^ Math.imul(high, FNV_PRIME))
}

/** Keys that follow each other go to all partitions, whatever their number. */
function mixed(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return once ^ (once >>> 13)
}
