import { createHash } from 'node:crypto'
import { cutText } from './visible-text.ts'

/** How keys of rows stand in log lines and errors: `logKeys`. */
export type LogKeys = 'hash' | 'full' | 'none'

export const LOG_KEYS: readonly LogKeys[] = ['hash', 'full', 'none']

const HASH_DIGITS = 12
const FULL_BYTES_MAX = 200

/**
 * The key of a row for a log line or an error. `hash`: `sha256:` and 12 hex digits of the SHA-256 of the key's text or
 * bytes, which tell two rows apart and can be compared with a key that is known; who knows all keys that there are can find
 * the one. `full`: the key, cut at 200 bytes, bytes in hex. `none`: undefined.
 */
export function shownKey(key: bigint | number | string | Uint8Array, show: LogKeys): string | undefined {
  if (show === 'none') return undefined
  const bytes = typeof key === 'object' ? key : String(key)
  if (show === 'hash') return `sha256:${createHash('sha256').update(bytes).digest('hex').slice(0, HASH_DIGITS)}`
  if (typeof bytes === 'string') return cutText(bytes, FULL_BYTES_MAX)
  return cutText(Buffer.from(bytes.subarray(0, FULL_BYTES_MAX)).toString('hex'), FULL_BYTES_MAX)
}
