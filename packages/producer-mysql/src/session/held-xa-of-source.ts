import { join } from 'node:path'
import { namedPath } from '@aesop/kernel'
import { type PhysicalSourceConfig } from '@aesop/producer'
import { mysqlSettingsOf } from '../settings/mysql-settings.ts'
import { type HeldXaOptions } from '../transaction/held-room.ts'

/** What a transaction may have in memory of what its source has for all. */
const TRANSACTION_BYTES = 1024 * 1024

/** Where XA transactions of a source wait: its own folder, of which nothing outlives the process. */
export function heldXaOf(source: PhysicalSourceConfig, stateDirectory: string): HeldXaOptions {
  const { xaMemoryBytes: totalBytes } = mysqlSettingsOf(source)
  const folder = namedPath(join(stateDirectory, 'xa'), source.name)
  return { folder, transactionBytes: Math.min(TRANSACTION_BYTES, totalBytes), totalBytes }
}
