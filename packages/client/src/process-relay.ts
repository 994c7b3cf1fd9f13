import { type SecretText } from '@aesop/kernel'
import { type ConfiguredRelay } from './client-settings.ts'

const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_PORT = 9000

/**
 * The relay of the same process, which says its address in `relay.address` of the shared objects; while none does, port
 * 9000 of this host. It is asked at each connection, because a relay that was reloaded may listen elsewhere.
 */
export class ProcessRelay implements ConfiguredRelay {
  readonly sources: readonly string[] = []
  readonly token: SecretText | undefined
  readonly #shared: ReadonlyMap<string, unknown>

  constructor(shared: ReadonlyMap<string, unknown>, token?: SecretText) {
    this.#shared = shared
    this.token = token
  }

  get host(): string {
    const host = this.#address?.host
    return typeof host === 'string' ? host : DEFAULT_HOST
  }

  get port(): number {
    const port = this.#address?.port
    return typeof port === 'number' ? port : DEFAULT_PORT
  }

  get #address(): { host?: unknown; port?: unknown } | undefined {
    const shared = this.#shared.get('relay.address')
    return typeof shared === 'object' && shared !== null ? shared : undefined
  }
}
