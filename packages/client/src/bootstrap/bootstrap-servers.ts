import { type ProcessBootstraps } from '@aesop/checkpoint'
import { type SecretText } from '@aesop/kernel'
import { type RelayAddress } from '@aesop/wire'
import { type ConfiguredRelay } from '../client-settings.ts'

export interface BootstrapServersOptions {
  /** Those that the client was told of. */
  readonly configured: readonly ConfiguredRelay[]
  /** Those of the process, which are asked where the client was told of none. */
  readonly own: ProcessBootstraps
  /** What that of the process is sent. */
  readonly token: SecretText | undefined
  /** Whether anybody may bootstrap. */
  readonly isEnabled: boolean
}

/** The bootstrap servers of a client. */
export class BootstrapServers {
  readonly #options: BootstrapServersOptions

  constructor(options: BootstrapServersOptions) {
    this.#options = options
  }

  /** Those that have all of these sources, as it stands now. */
  for(logicalSources: readonly string[]): readonly RelayAddress[] {
    const { configured, own, token, isEnabled } = this.#options
    if (!isEnabled) return []
    if (configured.length > 0)
      return configured.filter(
        ({ sources }) => sources.length === 0 || logicalSources.every((name) => sources.includes(name)),
      )
    const server = own.serverFor(logicalSources)
    return server === undefined ? [] : [{ host: server.host, port: server.port, token }]
  }

  /** Why a registration of these sources can never bootstrap; undefined: it may, now or later. */
  faultOf(logicalSources: readonly string[]): string | undefined {
    const { configured, isEnabled } = this.#options
    if (!isEnabled) return 'databus.client.runtime.bootstrap.enabled is false'
    if (configured.length === 0 || this.for(logicalSources).length > 0) return undefined
    return `no configured bootstrap server has ${logicalSources.join(', ')}`
  }
}
