import { type AesopError, systemCodeOf } from '@aesop/kernel'
import { SnapshotLockedError } from '@aesop/producer'
import { mysqlFault } from '../server/mysql-fault.ts'
import { SnapshotColumnsChanged } from './columns-changed.ts'

export interface ReadingPlace {
  readonly server: string
  readonly user: string
  readonly serverId: number
  readonly source: string
  /** Whether the connection had been established before. */
  readonly established: boolean
}

const LOCKED = new Set(['ER_LOCK_WAIT_TIMEOUT', 'ER_LOCK_DEADLOCK'])
/** The table is another one than it was when it was described, or than the view has. */
const CHANGED = new Set([
  'ER_TABLE_DEF_CHANGED',
  'ER_BAD_FIELD_ERROR',
  'ER_NO_SUCH_TABLE',
  'ER_KEY_DOES_NOT_EXITS',
  'ER_KEY_DOES_NOT_EXISTS',
])

/** The named error for what a reading gave; undefined: the table has changed, and is to be looked at again. */
export function readingFault(thrown: unknown, place: ReadingPlace): AesopError | undefined {
  const code = systemCodeOf(thrown) ?? ''
  if (thrown instanceof SnapshotColumnsChanged || CHANGED.has(code)) return undefined
  if (LOCKED.has(code)) return new SnapshotLockedError(place.source, thrown)
  return mysqlFault(thrown, { ...place, wanted: `rows of ${place.source}` })
}
