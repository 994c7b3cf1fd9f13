import { type LocalRelay } from './local-relay.ts'

const SHARED_NAME = 'relays.local'
/** Who listens everywhere listens there. */
const EVERYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** The relays of one process, where its clients find them while they run. */
export class LocalRelays {
  readonly #relays = new Set<LocalRelay>()

  /** The one of the process, in the objects that its beans share (`BeanContext.shared`). */
  static of(shared: Map<string, unknown>): LocalRelays {
    // Only this method writes it, though perhaps that of another copy of this package.
    const known = shared.get(SHARED_NAME) as LocalRelays | undefined
    if (known !== undefined) return known
    const made = new LocalRelays()
    shared.set(SHARED_NAME, made)
    return made
  }

  /** A relay listens. @returns how to take it away */
  add(relay: LocalRelay): () => void {
    this.#relays.add(relay)
    return () => void this.#relays.delete(relay)
  }

  /**
   * The relay that a connection to this address would reach; undefined: none of this process. A name that may stand for several
   * addresses, like `localhost`, is only what the relay itself calls it: another process may have one of them.
   */
  at(host: string, port: number): LocalRelay | undefined {
    return [...this.#relays].find(
      (relay) => relay.port === port && (relay.host === host || EVERYWHERE[relay.host] === host),
    )
  }
}
