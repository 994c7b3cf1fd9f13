import { parseStartPlace, type StartPlace as CommonStartPlace } from '@aesop/producer'
import { MysqlStartFromError } from '../error/live-errors.ts'

/** Where a source begins that has nothing stored. */
export type StartPlace = CommonStartPlace | { readonly kind: 'gtid'; readonly gtid: string }

const GTID_POSITION = /^(\d+-\d+-\d+)(,\d+-\d+-\d+)*$/
const GTID_SET = /^[0-9a-f-]{36}:[0-9a-z:,_-]+$/i

/** Reads `earliest`, `latest`, `scn:…`, `timestamp:…` (ISO 8601 or milliseconds) or `gtid:…`. @throws MysqlStartFromError */
export function parseStartFrom(text: string): StartPlace {
  const refuse = (fault: string): never => {
    throw new MysqlStartFromError(text, fault)
  }
  const place = parseStartPlace(text, refuse)
  if (place !== undefined) return place
  if (!text.startsWith('gtid:')) return refuse('its first word is unknown')
  const gtid = text.slice('gtid:'.length).trim()
  if (!GTID_POSITION.test(gtid) && !GTID_SET.test(gtid)) {
    refuse('a GTID position is 0-1-42 on MariaDB, <uuid>:1-42 on MySQL')
  }
  return { kind: 'gtid', gtid }
}
