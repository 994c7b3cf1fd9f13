import { MysqlStartFromError } from '../error/live-errors.ts'

/** Where a source begins that has nothing stored. */
export type StartPlace =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'scn'; readonly scn: bigint }
  | { readonly kind: 'timestamp'; readonly ms: number }
  | { readonly kind: 'gtid'; readonly gtid: string }

const GTID_POSITION = /^(\d+-\d+-\d+)(,\d+-\d+-\d+)*$/
const GTID_SET = /^[0-9a-f-]{36}:[0-9a-z:,_-]+$/i

/** Reads `earliest`, `latest`, `scn:…`, `timestamp:…` (ISO 8601 or milliseconds) or `gtid:…`. @throws MysqlStartFromError */
export function parseStartFrom(text: string): StartPlace {
  if (text === 'earliest' || text === 'latest') return { kind: text }
  const colon = text.indexOf(':')
  const value = text.slice(colon + 1).trim()
  switch (colon < 0 ? '' : text.slice(0, colon)) {
    case 'scn':
      if (!/^\d{1,19}$/.test(value)) throw new MysqlStartFromError(text, 'an SCN is a whole number')
      return { kind: 'scn', scn: BigInt(value) }
    case 'timestamp':
      return { kind: 'timestamp', ms: millisecondsOf(text, value) }
    case 'gtid':
      if (!GTID_POSITION.test(value) && !GTID_SET.test(value)) {
        throw new MysqlStartFromError(text, 'a GTID position is 0-1-42 on MariaDB, <uuid>:1-42 on MySQL')
      }
      return { kind: 'gtid', gtid: value }
    default:
      throw new MysqlStartFromError(text, 'its first word is unknown')
  }
}

function millisecondsOf(text: string, value: string): number {
  const ms = /^\d+$/.test(value) ? Number(value) : Date.parse(value)
  if (!Number.isFinite(ms)) throw new MysqlStartFromError(text, 'a timestamp is ISO 8601, or milliseconds since 1970')
  return ms
}
