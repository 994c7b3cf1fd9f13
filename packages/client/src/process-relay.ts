import { ProcessReaders } from '@aesop/checkpoint'
import { type SecretText } from '@aesop/kernel'
import { type ConfiguredRelay } from './client-settings.ts'

const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_PORT = 9000

/**
 * The relay of the same process that serves these logical sources; while none does, the one in `relay.address` of the shared
 * objects, which says what it has; while there is none, port 9000 of this host. It is asked at each connection, because a relay
 * that was reloaded may listen elsewhere.
 */
export class ProcessRelay implements ConfiguredRelay {
  readonly sources: readonly string[] = []
  readonly token: SecretText | undefined
  readonly #shared: Map<string, unknown>
  readonly #logicalSources: readonly string[]

  constructor(shared: Map<string, unknown>, logicalSources: readonly string[], token?: SecretText) {
    this.#shared = shared
    this.#logicalSources = logicalSources
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

  /** Whether it may be the relay there: of several, the one that serves what is read, once that is known. */
  mayBe(host: string, port: number): boolean {
    const serving = this.#serving
    return serving === undefined || (serving.host === host && serving.port === port)
  }

  get #serving(): { readonly host: string; readonly port: number } | undefined {
    return ProcessReaders.of(this.#shared).relayFor(this.#logicalSources)
  }

  get #address(): { host?: unknown; port?: unknown } | undefined {
    const address = this.#serving ?? this.#shared.get('relay.address')
    return typeof address === 'object' && address !== null ? address : undefined
  }
}
