import { createHash } from 'node:crypto'
import { type EventKey, type EventView } from '@aesop/event'

const LONG = 0
const BYTES = 1
const LONG_BYTES = 2
/** Longer ones are told apart by their digest: indexes of databases end somewhere. */
const KEPT_BYTES = 1024
const DIGEST_BYTES = 32

/** What tells the keys of a source apart, as bytes; SPEC.md, "Tables". */
export function rowKeyOf(view: EventView): Buffer {
  return view.hasByteKey ? ofBytes(view.keyBytes) : ofLong(view.key as bigint)
}

/** The same of a key that somebody asks for. */
export function rowKeyFor(key: EventKey): Buffer {
  if (typeof key === 'string') return ofBytes(Buffer.from(key))
  if (key instanceof Uint8Array) return ofBytes(Buffer.from(key.buffer, key.byteOffset, key.length))
  return ofLong(BigInt(key))
}

/** For people: the key that these bytes are of, of a long one its beginning. */
export function keyText(rowKey: Buffer): string {
  if (rowKey[0] === LONG && rowKey.length === 1 + 8) return String(rowKey.readBigInt64BE(1))
  return rowKey.toString('utf8', rowKey[0] === LONG_BYTES ? 1 + DIGEST_BYTES : 1)
}

function ofLong(key: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(9)
  bytes[0] = LONG
  bytes.writeBigInt64BE(BigInt.asIntN(64, key), 1)
  return bytes
}

function ofBytes(key: Buffer): Buffer {
  if (key.length <= KEPT_BYTES) return Buffer.concat([Buffer.of(BYTES), key])
  const digest = createHash('sha256').update(key).digest()
  return Buffer.concat([Buffer.of(LONG_BYTES), digest, key.subarray(0, KEPT_BYTES)])
}
