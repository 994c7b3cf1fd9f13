import { isScnSpace, SCN_SPACE_FORM } from '@aesop/checkpoint'
import { LOG_KEYS, type LogKeys } from '@aesop/kernel'
import { type EventVersion, type LogicalSource, SCHEMA_CHANGE_ID_DEFAULT, SCHEMA_CHANGE_SOURCE } from '@aesop/event'
import { SchemaChangeIdTakenError, SourceConfigInvalidError, SourceIdCollisionError } from './errors.ts'
import { integerWithin } from './integer-within.ts'
import { LogicalSourceConfig, type LogicalSourceOptions, SOURCE_ID_MAX } from './logical-source-config.ts'

/** Where a producer begins when nothing is stored. `scn`, `timestamp` and `gtid` are followed by `:<value>`. */
export type StartFrom = 'earliest' | 'latest' | `scn:${string}` | `timestamp:${string}` | `gtid:${string}`

const START_FROM = /^(earliest|latest|scn:\d+|timestamp:.+|gtid:.+)$/
const EVENT_BYTES_DEFAULT = 64 * 1024 * 1024
const EVENT_BYTES_MAX = 0x7fffffff

/** What is said of a physical source of any database; all but `sources` and `uri` has a default. */
export interface PhysicalSourceOptions {
  readonly id?: number | bigint | string
  readonly name?: string
  readonly uri?: string | undefined
  readonly settings?: unknown
  readonly sources: readonly (LogicalSourceOptions | LogicalSourceConfig | string)[]
  readonly startFrom?: string
  readonly startRetryMs?: number | bigint | string
  readonly keyless?: string
  readonly largestEventSizeInBytes?: number | bigint | string
  readonly eventVersion?: number | bigint | string
  readonly schemaChangeSourceId?: number | bigint | string
  readonly onTableFault?: string
  readonly ddlText?: boolean
  readonly scnSpace?: string
  readonly logKeys?: string
}

/** A database (cluster) with one order of commits: the bean `PhysicalSourceConfig` of a descriptor. */
export class PhysicalSourceConfig {
  /** Id of the physical partition, 1–32767; default 1. */
  readonly id: number
  /** Left out: derived from the URI, without user and password. */
  readonly name: string
  /** Its scheme says which package reads it (`ProducerDefinition`), and what may stand behind it. */
  readonly uri: string
  /** What the package of its scheme made of the properties that only its sources have; undefined: there are none. */
  readonly settings?: unknown
  readonly sources: readonly LogicalSourceConfig[]
  readonly startFrom?: StartFrom
  /** How long an unreachable server is tried at the first start; default 0: the start fails at once. */
  readonly startRetryMs: number
  /** What the keys of a table without a primary key are: `wholeRow` (default), or `refuse` to capture it. */
  readonly keyless: 'wholeRow' | 'refuse'
  /**
   * Upper bound of one change event in bytes, its header and key included; default 64 MiB, as `maxEventSize` of the client.
   * A larger one ends the source by name. Of the log, twice this and 1 MiB is held at a time for one row.
   */
  readonly largestEventSizeInBytes: number
  /**
   * Layout of the events in the buffer, 1 (default) or 2. Who reads version 1 only (`maxev` 0) gets it in either case; events of
   * version 1 go as they are to everybody.
   */
  readonly eventVersion: EventVersion
  /**
   * What a fault of one table or its rows does: `stop` (default) ends the source by name; `quarantine` leaves the rows of that
   * table out from there on until somebody releases it, and goes on with the others.
   */
  readonly onTableFault: 'stop' | 'quarantine'
  /** Id of the source `com.aesop.SchemaChange`, 1–32767; default 32767. */
  readonly schemaChangeSourceId: number
  /** Whether events of that source carry the text of the statement, which may hold what nobody should read; default false. */
  readonly ddlText: boolean
  /**
   * The SCN space of its SCNs; left out: made when the source is first read. The same for relays that read one server
   * independently, so that their clients may go from one to another.
   */
  readonly scnSpace?: string
  /** How keys of rows stand in errors and log lines: `hash` (default), `full` or `none`. */
  readonly logKeys: LogKeys

  constructor(options: PhysicalSourceOptions) {
    this.uri = uriOf(options.uri)
    this.name = options.name ?? nameFromUri(this.uri)
    const where = `physical source ${this.name}`
    refuseUnknown(where, options)
    if (options.settings !== undefined) this.settings = options.settings
    this.id = integerWithin(where, 'id', options.id ?? 1, 1, SOURCE_ID_MAX)
    this.sources = resolveSources(this.name, options.sources)
    if (options.startFrom !== undefined) this.startFrom = startFrom(where, options.startFrom)
    this.startRetryMs = integerWithin(where, 'startRetryMs', options.startRetryMs ?? 0, 0, Number.MAX_SAFE_INTEGER)
    this.keyless = oneOf(where, 'keyless', options.keyless ?? 'wholeRow', ['wholeRow', 'refuse'])
    const eventBytes = options.largestEventSizeInBytes ?? EVENT_BYTES_DEFAULT
    this.largestEventSizeInBytes = integerWithin(where, 'largestEventSizeInBytes', eventBytes, 1, EVENT_BYTES_MAX)
    this.eventVersion = integerWithin(where, 'eventVersion', options.eventVersion ?? 1, 1, 2) === 2 ? 2 : 1
    this.onTableFault = oneOf(where, 'onTableFault', options.onTableFault ?? 'stop', ['stop', 'quarantine'])
    const changesId = options.schemaChangeSourceId ?? SCHEMA_CHANGE_ID_DEFAULT
    this.schemaChangeSourceId = integerWithin(where, 'schemaChangeSourceId', changesId, 1, SOURCE_ID_MAX)
    this.ddlText = truth(where, 'ddlText', options.ddlText ?? false)
    if (options.scnSpace !== undefined) this.scnSpace = spaceNamed(where, options.scnSpace)
    this.logKeys = oneOf(where, 'logKeys', options.logKeys ?? 'hash', LOG_KEYS)
    this.#refuseSchemaChangeSource()
  }

  /** What the relay serves: the tables, and the source of their changes last. */
  get servedSources(): readonly LogicalSource[] {
    return [...this.sources, { id: this.schemaChangeSourceId, name: SCHEMA_CHANGE_SOURCE }]
  }

  #refuseSchemaChangeSource(): void {
    const { name, schemaChangeSourceId: id } = this
    for (const source of this.sources) {
      if (source.name === SCHEMA_CHANGE_SOURCE)
        throw new SourceIdCollisionError(name, 'name', SCHEMA_CHANGE_SOURCE, source.uri, SCHEMA_CHANGE_SOURCE)
      if (source.id === id) throw new SchemaChangeIdTakenError(name, id, source.uri)
    }
  }

  /** Resolves a descriptor's value: the options, or a bean that is resolved already. @throws SourceConfigInvalidError, SourceIdCollisionError */
  static from(options: PhysicalSourceOptions | PhysicalSourceConfig): PhysicalSourceConfig {
    return options instanceof PhysicalSourceConfig ? options : new PhysicalSourceConfig(options)
  }
}

const KNOWN: Readonly<Record<keyof PhysicalSourceOptions, true>> = {
  id: true,
  name: true,
  uri: true,
  settings: true,
  sources: true,
  startFrom: true,
  startRetryMs: true,
  keyless: true,
  largestEventSizeInBytes: true,
  eventVersion: true,
  schemaChangeSourceId: true,
  onTableFault: true,
  ddlText: true,
  scnSpace: true,
  logKeys: true,
}

/** The value is not shown: it may be a password. */
function refuseUnknown(where: string, options: object): void {
  const unknown = Object.keys(options).find((property) => !Object.hasOwn(KNOWN, property))
  if (unknown === undefined) return
  const expected = 'nothing: what only sources of one database have, its package reads into settings'
  throw new SourceConfigInvalidError(where, unknown, '***', expected)
}

function uriOf(uri: unknown): string {
  if (typeof uri === 'string' && /^[a-z][a-z0-9+.-]*:/i.test(uri)) return uri
  // The value is not shown: what looks like a half URI may well be a password.
  const expected = 'a URI that begins with a scheme, as mysql: or memory:'
  throw new SourceConfigInvalidError('physical source', 'uri', undefined, expected)
}

/** Scheme, host and port, or the last part of a path: never what stands before an @. */
export function nameFromUri(uri: string): string {
  const scheme = uri.slice(0, uri.indexOf(':'))
  const rest = uri
    .slice(scheme.length + 1)
    .replace(/^\/\//, '')
    .replace(/\?.*$/s, '')
  const place = rest.slice(rest.lastIndexOf('@') + 1)
  const part = uri.startsWith(`${scheme}://`) ? place.split('/')[0] : place.split('/').at(-1)
  return `${scheme}-${part ?? ''}`.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/-+$/, '')
}

function resolveSources(
  physicalSource: string,
  sources: PhysicalSourceOptions['sources'],
): readonly LogicalSourceConfig[] {
  const given: unknown = sources
  if (!Array.isArray(given) || given.length === 0) {
    const expected = 'a list of at least one table'
    throw new SourceConfigInvalidError(`physical source ${physicalSource}`, 'sources', given, expected)
  }
  const resolved = sources.map((source) => LogicalSourceConfig.from(source))
  refuseCollision(physicalSource, 'name', resolved)
  refuseCollision(physicalSource, 'id', resolved)
  return resolved
}

function refuseCollision(
  physicalSource: string,
  property: 'id' | 'name',
  sources: readonly LogicalSourceConfig[],
): void {
  const seen = new Map<number | string, LogicalSourceConfig>()
  for (const source of sources) {
    const first = seen.get(source[property])
    if (first !== undefined) {
      throw new SourceIdCollisionError(physicalSource, property, source[property], first.uri, source.uri)
    }
    seen.set(source[property], source)
  }
}

function startFrom(where: string, value: string): StartFrom {
  if (START_FROM.test(value)) return value as StartFrom
  throw new SourceConfigInvalidError(
    where,
    'startFrom',
    value,
    'earliest, latest, scn:<n>, timestamp:<time> or gtid:<set>',
  )
}

function spaceNamed(where: string, value: string): string {
  if (isScnSpace(value)) return value
  throw new SourceConfigInvalidError(where, 'scnSpace', value, SCN_SPACE_FORM)
}

function truth(where: string, property: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new SourceConfigInvalidError(where, property, value, 'true or false')
  return value
}

function oneOf<Choice extends string>(
  where: string,
  property: string,
  value: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((candidate) => candidate === value)
  if (choice === undefined) throw new SourceConfigInvalidError(where, property, value, choices.join(' or '))
  return choice
}
