import { type BinLogEvent, MySQLConstants } from './binlog-event.ts'
import { BinlogEventCorruptError } from '../error/errors.ts'
import { PacketReader } from './packet-reader.ts'

/** What the event before a transaction says of it. */
export interface GtidGroup {
  /** `0-1-42` (MariaDB), `uuid:42` or `uuid:tag:42` (MySQL); undefined for an anonymous one. */
  readonly gtid: string | undefined
  /** MariaDB's replication domain; −1: MySQL has none. */
  readonly domain: number
  /** MariaDB: the event is the BEGIN of a transaction. MySQL writes a BEGIN of its own. */
  readonly begins: boolean
  readonly mariadb: boolean
  /** MariaDB: the rows that follow wait for the verdict of an XA transaction. MySQL says so in an XA START. */
  readonly preparesXa: boolean
  /** MariaDB: an ALTER that begins here or was given up here, and changes nothing (`binlog_alter_two_phase`). */
  readonly changesNothing: boolean
  /** When the transaction was committed where it was written first, in microseconds since 1970; 0: not known. */
  readonly committedMicros: number
}

const FLAG_STANDALONE = 1
const FLAG_GROUP_COMMIT = 2
const FLAG_PREPARED_XA = 64
const GROUP_COMMIT_BYTES = 8
/** In a second byte of flags: START ALTER and ROLLBACK ALTER; COMMIT ALTER, which has the statement once more, is the change. */
const ALTER_WITHOUT_CHANGE = 2 | 8

/** What an event says of the transaction that it begins; undefined when it begins none, or can't be read. */
export function groupOf(event: BinLogEvent): GtidGroup | undefined {
  try {
    return GTID_EVENTS.has(event.type) ? parseGtid(event) : undefined
  } catch {
    return undefined
  }
}

/** The events that begin a transaction, of either product. */
export const GTID_EVENTS: ReadonlySet<number> = new Set([
  MySQLConstants.GTID_EVENT,
  MySQLConstants.ANONYMOUS_GTID_EVENT,
  MySQLConstants.GTID_TAGGED_EVENT,
  MySQLConstants.MARIADB_GTID_EVENT,
])

/** One of `GTID_EVENTS`. @throws BinlogEventCorruptError */
export function parseGtid(event: BinLogEvent): GtidGroup {
  return event.type === MySQLConstants.MARIADB_GTID_EVENT ? parseMariadbGtid(event) : parseMysqlGtid(event)
}

/** The text of its identifier is made when it is asked for: of most transactions nobody asks. */
class MariadbGroup implements GtidGroup {
  readonly mariadb = true
  readonly committedMicros = 0
  readonly domain: number
  readonly begins: boolean
  readonly preparesXa: boolean
  readonly changesNothing: boolean
  private readonly serverId: number
  private readonly sequence: number | bigint

  constructor(domain: number, serverId: number, sequence: number | bigint, flags: number, moreFlags: number) {
    this.domain = domain
    this.serverId = serverId
    this.sequence = sequence
    this.begins = (flags & FLAG_STANDALONE) === 0
    this.preparesXa = (flags & FLAG_PREPARED_XA) !== 0
    this.changesNothing = !this.begins && (moreFlags & ALTER_WITHOUT_CHANGE) !== 0
  }

  get gtid(): string {
    return `${this.domain}-${this.serverId}-${this.sequence}`
  }
}

/**
 * MariaDB: sequence number (8), domain (4), flags (1), then what depends on the flags. The server id stands in the
 * header. A standalone group is one statement without BEGIN and COMMIT.
 */
function parseMariadbGtid(event: BinLogEvent): GtidGroup {
  const reader = new PacketReader(event.bytes, event.body, event.end, 'GTID event')
  const sequence = reader.smallUint64()
  const domain = reader.uint(4)
  const flags = reader.uint8()
  return new MariadbGroup(domain, event.serverId, sequence, flags, moreFlagsOf(flags, reader))
}

/** Behind what the first flags announce; only a single statement has such flags. */
function moreFlagsOf(flags: number, reader: PacketReader): number {
  if ((flags & FLAG_STANDALONE) === 0) return 0
  const before = (flags & FLAG_GROUP_COMMIT) === 0 ? 0 : GROUP_COMMIT_BYTES
  if (reader.left <= before) return 0
  reader.take(before)
  return reader.uint8()
}

const MYSQL = { domain: -1, begins: false, mariadb: false, preparesXa: false, changesNothing: false } as const
const LOGICAL_CLOCK = 2
const ORIGINAL_TIME_FOLLOWS = 2 ** 55

/**
 * MySQL 5.6 and later; what comes after the number is not there in the oldest versions.
 *
 * | bytes | what                                                                    |
 * |-------|-------------------------------------------------------------------------|
 * | 1     | flags                                                                   |
 * | 16    | uuid of the server that gave the number; zeros for an anonymous one     |
 * | 8     | number                                                                  |
 * | 1     | 2: a logical clock follows                                              |
 * | 8 + 8 | last committed, sequence number                                         |
 * | 7     | microseconds when this server committed; the highest bit: next is there |
 * | 7     | microseconds when the first server committed                            |
 * | …     | length and versions                                                     |
 */
function parseMysqlGtid(event: BinLogEvent): GtidGroup {
  if (event.type === MySQLConstants.GTID_TAGGED_EVENT) return parseTaggedGtid(event)
  const reader = new PacketReader(event.bytes, event.body, event.end, 'GTID event')
  reader.take(1)
  const uuid = uuidText(reader.view(16))
  const number = reader.uint64()
  const gtid = event.type === MySQLConstants.GTID_EVENT ? `${uuid}:${number}` : undefined
  return { ...MYSQL, gtid, committedMicros: commitTime(reader) }
}

function commitTime(reader: PacketReader): number {
  if (reader.left < 24 || reader.uint8() !== LOGICAL_CLOCK) return 0
  reader.take(16)
  const immediate = sevenBytes(reader)
  return immediate < ORIGINAL_TIME_FOLLOWS ? immediate : sevenBytes(reader)
}

function sevenBytes(reader: PacketReader): number {
  const low = reader.uint(4)
  return low + reader.uint(3) * 2 ** 32
}

function uuidText(bytes: Buffer): string {
  return bytes.toString('hex').replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

const TaggedField = { FLAGS: 0, UUID: 1, NUMBER: 2, TAG: 3, IMMEDIATE_COMMIT: 6, ORIGINAL_COMMIT: 7 } as const
const TAGGED_VERSION = 1n

/**
 * MySQL 8.3 and later: version, size and last field that may not be overlooked, then fields, each a number and a value,
 * in rising order; one that has its default is left out. All numbers are of variable length: the ones at the low end of the
 * first byte count the bytes that follow. The uuid is 16 such numbers, a tag its length and bytes; the sign of the
 * transaction's number is its lowest bit. The fields: 0 flags, 1 uuid, 2 number, 3 tag, 4 and 5 logical clock, 6 commit
 * here, 7 commit where it was written first.
 */
function parseTaggedGtid(event: BinLogEvent): GtidGroup {
  const reader = new PacketReader(event.bytes, event.body, event.end, 'tagged GTID event')
  const version = variableUint(reader)
  if (version !== TAGGED_VERSION) throw new BinlogEventCorruptError(`tagged GTID event of version ${version}`)
  variableUint(reader)
  variableUint(reader)
  let [uuid, tag, number, micros] = ['', '', 0n, 0n]
  while (reader.left > 0) {
    const field = Number(variableUint(reader))
    if (field > TaggedField.ORIGINAL_COMMIT) break
    if (field === TaggedField.UUID) uuid = uuidText(Buffer.from(Array.from({ length: 16 }, () => smallUint(reader))))
    else if (field === TaggedField.TAG) tag = reader.text(smallUint(reader))
    else {
      const value = variableUint(reader)
      if (field === TaggedField.NUMBER) number = value >> 1n
      // The later one wins: it is there when it differs.
      else if (field === TaggedField.IMMEDIATE_COMMIT || field === TaggedField.ORIGINAL_COMMIT) micros = value
    }
  }
  if (uuid === '' || number < 1n) throw new BinlogEventCorruptError('tagged GTID event without uuid or number')
  return { ...MYSQL, gtid: [uuid, ...(tag === '' ? [] : [tag]), number].join(':'), committedMicros: Number(micros) }
}

function smallUint(reader: PacketReader): number {
  return Number(variableUint(reader))
}

/** The value stands above the counted ones and the zero that ends them, little-endian. */
function variableUint(reader: PacketReader): bigint {
  const first = reader.uint8()
  let more = 0
  while (more < 8 && ((first >> more) & 1) === 1) more++
  if (more === 8) return reader.uint64()
  let value = BigInt(first)
  for (let i = 1; i <= more; i++) value |= BigInt(reader.uint8()) << BigInt(8 * i)
  return value >> BigInt(more + 1)
}

/** A MySQL identifier is `uuid:number`, MariaDB's has no colon. */
export function isMysqlGtid(gtid: string): boolean {
  return gtid.includes(':')
}
