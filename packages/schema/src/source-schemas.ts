import { type RegisteredSchema, type SchemaSpan } from './schema-registry.ts'

/** The schemas of one source: versions by number, spans by SCN. Never changed: who learns more makes another one. */
export interface SourceSchemas {
  readonly versions: readonly RegisteredSchema[]
  readonly history: readonly SchemaSpan[]
}

export const NO_SCHEMAS: SourceSchemas = { versions: [], history: [] }

/** What registering a text comes to; nothing of it is kept yet. */
export interface Registration {
  readonly schema: RegisteredSchema
  /** To be kept one after the other: a crash between two leaves the newest shape with the highest number. */
  readonly added: readonly RegisteredSchema[]
  readonly next: SourceSchemas
}

/** A text to be registered, as it will be kept. */
export interface SchemaOffer {
  readonly idHex: string
  /** From this SCN on rows have this shape. Undefined: nobody knows. */
  readonly sinceScn: bigint | undefined
  /** Makes the schema of this text under a number. */
  readonly make: (version: number) => RegisteredSchema
}

/** Adds versions whose numbers are given. */
export function withVersions(now: SourceSchemas, added: readonly RegisteredSchema[]): SourceSchemas {
  const all = [...now.versions, ...added].sort((a, b) => a.version - b.version)
  return { versions: all.filter(isLastOfItsKind), history: now.history }
}

/** Versions in a row that have one normal form are one: the last of them. */
function isLastOfItsKind({ idHex }: RegisteredSchema, i: number, versions: readonly RegisteredSchema[]): boolean {
  return versions[i + 1]?.idHex !== idHex
}

/** Finds what a text comes to; the table of cases stands in SPEC.md. */
export function planRegistration(now: SourceSchemas, offer: SchemaOffer): Registration {
  const { versions, history } = now
  const { idHex, sinceScn } = offer
  const known = versions.findLast((schema) => schema.idHex === idHex)
  const held = sinceScn === undefined ? known : heldAt(now, idHex, sinceScn)
  if (held !== undefined) return { schema: held, added: [], next: now }
  const newest = history.at(-1)
  if (sinceScn !== undefined && newest !== undefined && sinceScn < newest.sinceScn) {
    return known === undefined ? insertBelow(now, offer, sinceScn) : placed(now, [], known, sinceScn)
  }
  if (versions.at(-1)?.idHex === idHex && known !== undefined) return placed(now, [], known, sinceScn)
  const schema = offer.make(nextNumber(versions))
  return placed(now, [schema], schema, sinceScn)
}

/** An older shape that comes late takes the next number, and the newest is listed once more above it. */
function insertBelow(now: SourceSchemas, offer: SchemaOffer, sinceScn: bigint): Registration {
  const schema = offer.make(nextNumber(now.versions))
  const newest = now.versions.at(-1)
  if (newest === undefined) return placed(now, [schema], schema, sinceScn)
  const again = { ...newest, version: schema.version + 1 }
  const history = now.history.map((span) =>
    span.version === newest.version ? { ...span, version: again.version } : span,
  )
  return placed({ ...now, history }, [again, schema], schema, sinceScn)
}

function placed(
  now: SourceSchemas,
  added: readonly RegisteredSchema[],
  schema: RegisteredSchema,
  sinceScn: bigint | undefined,
): Registration {
  const { versions, history } = withVersions(now, added)
  if (sinceScn === undefined) return { schema, added, next: { versions, history } }
  const spans = [...history, { sinceScn, version: schema.version }].sort(bySinceScn)
  return { schema, added, next: { versions, history: spans } }
}

/** The version with this id that held at the SCN. Where two begin with one SCN, both do. */
function heldAt({ versions, history }: SourceSchemas, idHex: string, scn: bigint): RegisteredSchema | undefined {
  const last = history.findLast(({ sinceScn }) => sinceScn <= scn)
  const spans = history.filter(({ sinceScn }) => sinceScn === last?.sinceScn)
  return versions.find((schema) => schema.idHex === idHex && spans.some(({ version }) => version === schema.version))
}

function nextNumber(versions: readonly RegisteredSchema[]): number {
  return (versions.at(-1)?.version ?? 0) + 1
}

function bySinceScn(a: SchemaSpan, b: SchemaSpan): number {
  return a.sinceScn < b.sinceScn ? -1 : a.sinceScn > b.sinceScn ? 1 : 0
}
