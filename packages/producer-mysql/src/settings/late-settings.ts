import { integerWithin, SourceConfigInvalidError } from '@aesop/producer'

/** How a source reads its log again for readers that are late. */
export interface LateSettings {
  /** Readings at a time; 0: none, and what the buffer has lost is gone. */
  readonly max: number
  /** Server ids of the readings, one for each; undefined: derived, and others where they are in use. */
  readonly serverIds: readonly number[] | undefined
  /** Memory for the windows of one reading; a window may need as much again. */
  readonly bufferBytes: number
}

const MAX_DEFAULT = 4
const MAX_MAX = 64
const SERVER_ID_MAX = 0xffff_ffff
const BUFFER_BYTES_DEFAULT = 32 * 1024 * 1024
const BUFFER_BYTES_MIN = 65_536
const KNOWN = ['max', 'serverIds', 'bufferBytes']

export const LATE_DEFAULTS: LateSettings = {
  max: MAX_DEFAULT,
  serverIds: undefined,
  bufferBytes: BUFFER_BYTES_DEFAULT,
}

/** @param given the property `lateReaders`; undefined: it was left out @throws SourceConfigInvalidError */
export function lateSettings(where: string, given: unknown): LateSettings {
  if (given === undefined) return LATE_DEFAULTS
  const refuse = (property: string, value: unknown, expected: string): never => {
    throw new SourceConfigInvalidError(where, property, value, expected)
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return refuse('lateReaders', given, 'an object with max, serverIds and bufferBytes')
  const unknown = Object.keys(given).find((property) => !KNOWN.includes(property))
  if (unknown !== undefined) return refuse(`lateReaders.${unknown}`, '***', `one of ${KNOWN.join(', ')}`)
  const { max, serverIds, bufferBytes } = given as Readonly<Record<string, number | undefined>>
  const count = integerWithin(where, 'lateReaders.max', max ?? MAX_DEFAULT, 0, MAX_MAX)
  return {
    max: count,
    serverIds: serverIds === undefined ? undefined : idsOf(where, serverIds, count),
    bufferBytes: integerWithin(
      where,
      'lateReaders.bufferBytes',
      bufferBytes ?? BUFFER_BYTES_DEFAULT,
      BUFFER_BYTES_MIN,
      Number.MAX_SAFE_INTEGER,
    ),
  }
}

function idsOf(where: string, given: unknown, max: number): readonly number[] {
  const property = 'lateReaders.serverIds'
  const expected = `a list of ${max} different numbers, one for each of lateReaders.max readings`
  if (!Array.isArray(given)) throw new SourceConfigInvalidError(where, property, given, expected)
  const ids = given.map((id: unknown) => integerWithin(where, property, id as number, 1, SERVER_ID_MAX))
  if (ids.length !== max || new Set(ids).size !== ids.length)
    throw new SourceConfigInvalidError(where, property, ids.join(', '), expected)
  return ids
}
