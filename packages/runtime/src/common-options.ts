import { type AdminAddress } from './admin/admin-address.ts'
import { type LogLevel } from './log/log-levels.ts'

/** Options that every command understands. */
export interface CommonOptions {
  readonly set: Readonly<Record<string, string>>
  /** The given ones of the options that containers bring, by their long name. */
  readonly containerOptions: Readonly<Record<string, string>>
  readonly profiles: readonly string[]
  /** Properties files, as written. */
  readonly properties: readonly string[]
  readonly projectsRoot?: string
  /** Warnings are errors. */
  readonly strict: boolean
  readonly fresh: boolean
  readonly json: boolean
  readonly color: boolean
  readonly verbose: boolean
  readonly quiet: boolean
  readonly logLevel: LogLevel
  readonly logFormat: 'text' | 'json'
  readonly startTimeoutMs?: number
  readonly stopTimeoutMs?: number
  readonly drainDelayMs?: number
  /** Where the admin server listens; undefined: as the nature of the launch says. */
  readonly admin?: AdminAddress | 'off'
  /** Reloads containers whose descriptors change. */
  readonly watch: boolean
}
