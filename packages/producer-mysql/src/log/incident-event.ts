import { type BinLogEvent } from './binlog-event.ts'
import { PacketReader } from './packet-reader.ts'

/**
 * What an incident event says, for people.
 *
 * | bytes | what                                  |
 * |-------|---------------------------------------|
 * | 2     | number; 1 is LOST_EVENTS, the only one |
 * | 1     | length of the text                    |
 * | …     | the server's text                     |
 */
export function incidentOf(event: BinLogEvent): string {
  const reader = new PacketReader(event.bytes, event.body, event.end, 'incident event')
  const number = reader.uint(2)
  const text = reader.left === 0 ? '' : reader.text(reader.uint8())
  const name = number === 1 ? 'LOST_EVENTS' : `incident ${number}`
  return text === '' ? name : `${name} (${text})`
}
