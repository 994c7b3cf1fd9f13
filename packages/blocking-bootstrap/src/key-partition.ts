import { type EventView } from '@aesop/event'

const FNV_BASIS = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** The partition of an event's key: the same for the same key of any source, in each run with so many partitions. */
export function partitionOf(event: EventView, partitions: number): number {
  if (partitions === 1) return 0
  const hash = event.hasByteKey ? hashOfBytes(event.keyBytes) : hashOfLong(event.key)
  return (hash >>> 0) % partitions
}

function hashOfBytes(bytes: Uint8Array): number {
  let hash = FNV_BASIS
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME)
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
