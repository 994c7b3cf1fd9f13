import { ProcessReaders } from '@aesop/checkpoint'
import { type SecretText } from '@aesop/kernel'
import { type RelayAddress, tokenOfEnvironment } from '@aesop/wire'
import { BootstrapRelaysError } from './errors.ts'

/** A relay as a descriptor names it: a `RelayClientConfig` of the client. */
export interface RelayPlace {
  readonly relayHost: string
  readonly relayPort: number
  /** Sources that it serves; none named: all. */
  readonly relayLogicalSourceNames: readonly string[]
  /** Left out: `AESOP_RELAY_TOKEN`, if it is set. */
  readonly relayToken?: SecretText | undefined
}

const OWN_HOST = '127.0.0.1'
const OWN_PORT = 9000

/**
 * The relays that may be followed for some sources; of none that are named, the relay of this process that serves them, else port
 * 9000 of this host. It is asked at each attempt, because a relay of this process may not run yet.
 * @throws BootstrapRelaysError
 */
export function followedRelays(
  physicalSource: string,
  sources: readonly string[],
  places: readonly RelayPlace[],
  shared: Map<string, unknown>,
): () => readonly RelayAddress[] {
  if (places.length === 0) return () => [ownRelay(sources, shared)]
  const serving = places.filter(({ relayLogicalSourceNames: names }) => servesAll(names, sources))
  if (serving.length === 0) throw new BootstrapRelaysError(physicalSource, sources)
  const relays = serving.map(({ relayHost: host, relayPort: port, relayToken: token }) => ({
    host,
    port,
    token: token ?? tokenOfEnvironment(),
  }))
  return () => relays
}

function servesAll(names: readonly string[], sources: readonly string[]): boolean {
  return names.length === 0 || sources.every((source) => names.includes(source))
}

function ownRelay(sources: readonly string[], shared: Map<string, unknown>): RelayAddress {
  const serving = ProcessReaders.of(shared).relayFor(sources) ?? shared.get('relay.address')
  const { host, port } = (serving ?? {}) as { readonly host?: unknown; readonly port?: unknown }
  return {
    host: typeof host === 'string' ? host : OWN_HOST,
    port: typeof port === 'number' ? port : OWN_PORT,
    token: tokenOfEnvironment(),
  }
}
