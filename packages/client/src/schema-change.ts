import { type EventView, SCHEMA_CHANGE_KINDS, type SchemaChangeKind } from '@aesop/event'
import { type Logger } from '@aesop/kernel'
import { SourceQuarantinedError } from './errors.ts'
import { type EventSchema } from './source-catalogue.ts'

/** What happened to a table and is no change of a row. */
export interface SchemaChange {
  /** SCN of the window (transaction) that it belongs to. */
  readonly scn: bigint
  /**
   * ALTER, TRUNCATE, DROP, RENAME, CREATE: a statement. QUARANTINED, RELEASED: from here on the source leaves the table's rows
   * out, or does so no more. PASSED_OVER: a transaction that may have had rows of the table was passed over by hand.
   */
  readonly kind: SchemaChangeKind
  /** Name of the logical source that it happened to. */
  readonly source: string
  readonly database: string
  readonly table: string
  /** The statement, cut at 64 KiB; only where the source was told `ddlText: true`. */
  readonly sql?: string
  /** When the log says that it happened, in milliseconds since 1970. */
  readonly atMs: number
}

/** What a registration does when rows of one of its sources are left out from some place on. */
export type QuarantinePolicy = 'suspend' | 'continue'

/** They take rows away without an event for each. */
const UNSAID: ReadonlySet<string> = new Set(['TRUNCATE', 'DROP', 'RENAME'])
const KINDS: ReadonlySet<string> = new Set(SCHEMA_CHANGE_KINDS)

/** Reads an event of `com.aesop.SchemaChange`; undefined: of a kind that this version does not know. */
export function readSchemaChange(view: EventView, schema: EventSchema): SchemaChange | undefined {
  const { kind, source, database, table, sql, at } = schema.reader(view.bytes, view.valueOffset, view.end)
  if (!KINDS.has(String(kind))) return undefined
  return {
    scn: view.scn,
    kind: kind as SchemaChangeKind,
    source: String(source),
    database: String(database),
    table: String(table),
    ...(typeof sql === 'string' ? { sql } : {}),
    atMs: Number(at),
  }
}

/** Which changes of tables concern a registration, and what becomes of them when its consumer has no callback for them. */
export class SchemaChangeDesk {
  readonly #registration: string
  readonly #sources: ReadonlySet<string>
  readonly #tellsConsumer: boolean
  readonly #log: Logger
  readonly #policy: QuarantinePolicy
  /** Up to which SCN somebody has said to go on without the rows of a source. */
  readonly #accepted = new Map<string, bigint>()
  #suspendedBy: SchemaChange | undefined
  /** What was warned of in which window: one that comes again is no news. */
  #warned: { readonly scn: bigint; readonly changes: Set<string> } = { scn: -1n, changes: new Set() }

  /** @param tellsConsumer whether the consumer has a callback for them */
  constructor(
    registration: string,
    sources: readonly string[],
    tellsConsumer: boolean,
    policy: QuarantinePolicy,
    log: Logger,
  ) {
    this.#registration = registration
    this.#policy = policy
    this.#sources = new Set(sources)
    this.#tellsConsumer = tellsConsumer
    this.#log = log
  }

  /** Whether the consumer is to be told; warns of what nobody is told. */
  isToBeTold(change: SchemaChange): boolean {
    if (!this.#sources.has(change.source)) return false
    if (this.#tellsConsumer) return true
    if (UNSAID.has(change.kind)) this.#warn(change)
    return false
  }

  /** @throws SourceQuarantinedError when the registration is not to go on without the rows that are left out from here on */
  refuseQuarantined(change: SchemaChange, ordinal: number): void {
    const { kind, source, scn } = change
    if (kind !== 'QUARANTINED' || !this.#sources.has(source) || this.#policy === 'continue') return
    if (scn <= (this.#accepted.get(source) ?? -1n)) return
    this.#suspendedBy = change
    throw new SourceQuarantinedError(this.#registration, source, { scn, ordinal })
  }

  /** Somebody who knows of it lets the registration go on. */
  accept(): void {
    if (this.#suspendedBy !== undefined) this.#accepted.set(this.#suspendedBy.source, this.#suspendedBy.scn)
    this.#suspendedBy = undefined
  }

  #warn({ kind, source, scn }: SchemaChange): void {
    const change = JSON.stringify([kind, source])
    if (scn < this.#warned.scn || (scn === this.#warned.scn && this.#warned.changes.has(change))) return
    if (scn > this.#warned.scn) this.#warned = { scn, changes: new Set() }
    this.#warned.changes.add(change)
    const fate = kind === 'RENAME' ? 'is another one now, or is gone' : 'lost its rows, which no event says'
    this.#log.warn(
      `${kind} of ${source}: the table ${fate}; the consumer of "${this.#registration}" has no onSchemaChange to be told`,
      { registration: this.#registration, source, kind, scn },
    )
  }
}
