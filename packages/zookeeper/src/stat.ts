import { type JuteReader } from './jute-reader.ts'

/** What a server keeps of a node beside its data. Ids of changes (zxid) grow with every change of the ensemble. */
export interface Stat {
  /** The change that made the node. */
  readonly czxid: bigint
  /** The last change of its data. */
  readonly mzxid: bigint
  /** Milliseconds since 1970 by the clock of a server. */
  readonly ctimeMs: number
  readonly mtimeMs: number
  /** Of its data, its children and its ACL: what conditional writes compare. */
  readonly version: number
  readonly cversion: number
  readonly aversion: number
  /** The session that the node ends with; 0: it does not. */
  readonly ephemeralOwner: bigint
  readonly dataLength: number
  readonly numChildren: number
  /** The last change of its list of children. */
  readonly pzxid: bigint
}

export function readStat(reader: JuteReader): Stat {
  return {
    czxid: reader.long('czxid'),
    mzxid: reader.long('mzxid'),
    ctimeMs: Number(reader.long('ctime')),
    mtimeMs: Number(reader.long('mtime')),
    version: reader.int('version'),
    cversion: reader.int('cversion'),
    aversion: reader.int('aversion'),
    ephemeralOwner: reader.long('ephemeralOwner'),
    dataLength: reader.int('dataLength'),
    numChildren: reader.int('numChildren'),
    pzxid: reader.long('pzxid'),
  }
}
