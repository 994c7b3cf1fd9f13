import { type BinLogEvent } from './binlog-event.ts'
import { PacketReader } from './packet-reader.ts'

/*
 * What is stored with a place of a log, so that it can be told later whether the log is still the one that was read. A name
 * and a position are not enough: a log that was reset, or a server that was set back to an older copy, has files of the same
 * names again, which may have grown beyond the place.
 */

/** Tells a log file from another one of the same name: what its format description says. Not its bytes: the server changes them. */
export interface LogIdentity {
  /** When the file was begun, in seconds since 1970. */
  readonly begunSeconds: number
  /** Undefined in records of older versions, which kept the time alone. */
  readonly serverId?: number | undefined
  readonly serverVersion?: string | undefined
}

/** The event that ends at a place, as the log has it. */
export interface EventFingerprint {
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly serverId: number
  /** Bytes in the log, header and checksum included. */
  readonly length: number
  /** The 32 bits that its header has. */
  readonly endPosition: number
  /** CRC-32 of its bytes without their checksum. */
  readonly crc: number
}

/** The event is undefined where none can be known: at the beginning of a log and right behind its description. */
export interface PlaceProof {
  readonly log?: LogIdentity | undefined
  readonly event?: EventFingerprint | undefined
}

/** Whether what is there now is what was read; a fact that was not stored proves nothing. */
export function isSameLog(read: LogIdentity, found: LogIdentity): boolean {
  return (
    read.begunSeconds === found.begunSeconds &&
    (read.serverId === undefined || read.serverId === found.serverId) &&
    (read.serverVersion === undefined || read.serverVersion === found.serverVersion)
  )
}

export function isSameEvent(read: EventFingerprint, found: EventFingerprint): boolean {
  return (
    read.timestamp === found.timestamp &&
    read.serverId === found.serverId &&
    read.length === found.length &&
    read.endPosition === found.endPosition &&
    read.crc === found.crc
  )
}

/** For messages. */
export function describeLog(log: LogIdentity): string {
  const by = log.serverId === undefined ? '' : ` by server ${log.serverId} (${log.serverVersion ?? 'unknown version'})`
  return `begun ${timeOf(log.begunSeconds)}${by}`
}

/** For messages. */
export function describeEvent(event: EventFingerprint): string {
  const { timestamp, serverId, length, endPosition, crc } = event
  const hex = crc.toString(16).padStart(8, '0')
  return `an event of ${length} bytes that ends at ${endPosition}, of ${timeOf(timestamp)}, server ${serverId}, CRC ${hex}`
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}

/** What a format description says of its log. */
export function logIdentityOf(event: BinLogEvent, serverVersion: string): LogIdentity {
  return { begunSeconds: event.timestamp, serverId: event.serverId, serverVersion }
}

/** Two bytes format version, then 50 bytes with the server's version, filled up with zeros. */
export function serverVersionIn(description: BinLogEvent): string {
  const reader = new PacketReader(description.bytes, description.body, description.end, 'format description')
  reader.take(2)
  return reader.text(50).replace(/\0+$/, '')
}
