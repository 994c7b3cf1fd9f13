/**
 * Rows of one logical source that its relay leaves out, from one row on: part of the stored record of the physical source. It is
 * on disk before the window that it begins in is visible, so that whatever is read again leaves out the same rows.
 *
 * SCNs without `From` are those of windows; `from…` and `until…` are where transactions begin, packed as SCNs: not below the SCN
 * of the window before, and below that of their own.
 */
export interface Quarantine {
  /** Name of the logical source. */
  readonly source: string
  /** Of the window with the first row that is left out. */
  readonly scn: bigint
  /** Where the transaction of that window begins. */
  readonly fromScn: bigint
  /** Events of the source that stand before that row in its window. */
  readonly ordinal: number
  /** Code and message of the fault. */
  readonly code: string
  readonly reason: string
  /** What an error says about itself beyond its message: sizes, columns. */
  readonly fields: Readonly<Record<string, unknown>>
  /** Rows left out, as far as they can be counted. */
  readonly rows: number
  /** Events of the log whose rows could not be counted, because nobody knows the shape of the table. */
  readonly uncountedEvents: number
  /** Up to which window rows and events are counted. */
  readonly countedScn: bigint
  /** Somebody released it: rows of transactions that begin there or later are delivered again. */
  readonly untilScn?: bigint
  /** Where the transaction begins, and the window is, with the first row that is delivered again. */
  readonly releasedFromScn?: bigint
  readonly releasedScn?: bigint
}

/** Whether rows may be left out that the log does not hold yet: nobody has released it. */
export function isOpen({ untilScn }: Quarantine): boolean {
  return untilScn === undefined
}

/** @throws Error that says what is wrong with what was stored */
export function parseQuarantines(stored: unknown): readonly Quarantine[] {
  if (!Array.isArray(stored)) throw new Error('"quarantines" is no list')
  return stored.map((item: unknown) => parseQuarantine(item))
}

function parseQuarantine(item: unknown): Quarantine {
  if (typeof item !== 'object' || item === null) throw new Error('an entry of "quarantines" is no object')
  const record = item as Readonly<Record<string, unknown>>
  const { fields } = record
  return {
    source: textIn(record, 'source'),
    scn: neededScn(record, 'scn'),
    fromScn: neededScn(record, 'fromScn'),
    ordinal: countIn(record, 'ordinal'),
    code: textIn(record, 'code'),
    reason: textIn(record, 'reason'),
    fields: typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : {},
    rows: countIn(record, 'rows'),
    uncountedEvents: countIn(record, 'uncountedEvents'),
    countedScn: neededScn(record, 'countedScn'),
    ...optionalScn(record, 'untilScn'),
    ...optionalScn(record, 'releasedFromScn'),
    ...optionalScn(record, 'releasedScn'),
  }
}

function textIn(record: Readonly<Record<string, unknown>>, name: string): string {
  const value = record[name]
  if (typeof value !== 'string') throw new Error(`"${name}" of a quarantine is no text`)
  return value
}

function countIn(record: Readonly<Record<string, unknown>>, name: string): number {
  const value = record[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new Error(`"${name}" of a quarantine is no whole number from 0 on`)
  }
  return value
}

function neededScn(record: Readonly<Record<string, unknown>>, name: string): bigint {
  const value = record[name]
  if (typeof value === 'bigint') return value
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new Error(`"${name}" of a quarantine is no SCN`)
  return BigInt(value)
}

function optionalScn<Name extends string>(
  record: Readonly<Record<string, unknown>>,
  name: Name,
): Partial<Record<Name, bigint>> {
  if (record[name] === undefined || record[name] === null) return {}
  return { [name]: neededScn(record, name) } as Partial<Record<Name, bigint>>
}
