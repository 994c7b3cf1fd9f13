import { GtidSet } from '@vlasky/zongji'
import { type SettledPoint } from './binlog-origin.ts'

/*
 * GTIDs come in two forms: MariaDB's position, the last transaction of each domain (`0-1-42,5-2-7`), and MySQL's set of
 * intervals (`uuid:1-42`). A MySQL text always has a colon, a MariaDB text never.
 */

/** An identifier that can be asked for its text; a domain of 0 or more is MariaDB's. */
export interface NotedGtid {
  readonly domain?: number
  readonly gtid?: string | undefined
}

/** The transactions read so far, as text to be stored and to resume from. */
export class GtidPosition {
  private readonly mysql: GtidSet | undefined
  /** MariaDB: domain → last transaction. */
  private readonly domains = new Map<string, string>()
  /** MariaDB: the newest transaction, whose text has not been needed yet. */
  private newest: NotedGtid | undefined

  /** @param start what was read before, in the form of the server */
  constructor(start: string, flavour: 'mysql' | 'mariadb') {
    this.mysql = flavour === 'mysql' ? GtidSet.parse(start) : undefined
    if (flavour === 'mariadb' && start !== '') for (const gtid of start.split(',')) this.add(gtid)
  }

  /** Adds one transaction: `0-1-43`, or `uuid:43`. */
  add(gtid: string): void {
    this.settle()
    if (this.mysql === undefined) this.domains.set(gtid.slice(0, gtid.indexOf('-')), gtid)
    else this.mysql.add(gtid)
  }

  /** Adds one transaction, of which the text is not asked before it is known that none of its domain has followed. */
  note(noted: NotedGtid): void {
    const { domain = -1 } = noted
    if (domain < 0) {
      if (noted.gtid !== undefined) this.add(noted.gtid)
      return
    }
    if (this.newest !== undefined && this.newest.domain !== domain) this.settle()
    this.newest = noted
  }

  private settle(): void {
    const gtid = this.newest?.gtid
    this.newest = undefined
    if (gtid !== undefined) this.add(gtid)
  }

  toString(): string {
    this.settle()
    return this.mysql?.toString() ?? [...this.domains.values()].join(',')
  }
}

/**
 * The transactions before a point; undefined when they are not known: a MySQL set that does not say what came before
 * would ask another server for everything again.
 */
export function gtidsBefore({ flavour, gtid }: SettledPoint): GtidPosition | undefined {
  if (flavour === undefined || (flavour === 'mysql' && gtid === undefined)) return undefined
  return new GtidPosition(gtid ?? '', flavour)
}

/**
 * Whether a server whose log ends with `server` has gone through the transactions of `read`. A MariaDB server may have been
 * told to forget a domain (FLUSH BINARY LOGS DELETE_DOMAIN_ID); one that knows none of them has another history.
 */
export function positionKnows(server: string, read: string): boolean {
  if (read.includes(':')) return setKnows(server, read)
  const known = sequenceByDomain(server)
  let common = 0
  for (const [domain, sequence] of sequenceByDomain(read)) {
    const reached = known.get(domain)
    if (reached === undefined) continue
    if (reached < sequence) return false
    common++
  }
  return common > 0
}

type Interval = readonly [from: bigint, to: bigint]

function setKnows(server: string, read: string): boolean {
  const known = intervalsBySource(server)
  return [...intervalsBySource(read)].every(([source, intervals]) =>
    intervals.every(([from, to]) => known.get(source)?.some(([first, last]) => first <= from && to <= last) === true),
  )
}

/** `uuid:1-5:8:tag:1-2,…`: an interval belongs to the uuid and the tag that stand last before it. */
function intervalsBySource(set: string): Map<string, Interval[]> {
  const sources = new Map<string, Interval[]>()
  for (const entry of set.toLowerCase().split(',')) {
    const [uuid = '', ...items] = entry.trim().split(':')
    let source = uuid
    for (const item of items) {
      const [from, to] = /^(\d+)(?:-(\d+))?$/.exec(item)?.slice(1) ?? []
      if (from === undefined) source = `${uuid}:${item}`
      else sources.set(source, [...(sources.get(source) ?? []), [BigInt(from), BigInt(to ?? from)]])
    }
  }
  return sources
}

function sequenceByDomain(position: string): Map<string, bigint> {
  const domains = new Map<string, bigint>()
  for (const gtid of position.split(',')) {
    const [domain, , sequence] = gtid.split('-')
    if (domain !== undefined && sequence !== undefined) domains.set(domain, BigInt(sequence))
  }
  return domains
}
