/** A bootstrap server that listens in this process, as its clients see it. */
export interface OwnBootstrap {
  /** As clients of this process reach it. */
  readonly host: string
  readonly port: number
  /** Names of the logical sources that it has; it may grow while the server runs. */
  readonly sources: ReadonlySet<string>
}

const SHARED_NAME = 'process.bootstraps'

/**
 * Where the bootstrap servers of one process listen. A server adds itself when it listens, and takes itself away when it stops; a client
 * without servers of its own asks each time it needs one.
 */
export class ProcessBootstraps {
  readonly #servers = new Set<OwnBootstrap>()

  /** The one of the process, in the objects that its beans share (`BeanContext.shared`). */
  static of(shared: Map<string, unknown>): ProcessBootstraps {
    // Only this method writes it, though perhaps that of another copy of this package.
    const known = shared.get(SHARED_NAME) as ProcessBootstraps | undefined
    if (known !== undefined) return known
    const made = new ProcessBootstraps()
    shared.set(SHARED_NAME, made)
    return made
  }

  /** A server listens. @returns how to take it away */
  add(server: OwnBootstrap): () => void {
    this.#servers.add(server)
    return () => void this.#servers.delete(server)
  }

  /** The server that has all of these logical sources; undefined: none does, or none listens yet. */
  serverFor(logicalSources: readonly string[]): OwnBootstrap | undefined {
    return [...this.#servers].find(({ sources }) => logicalSources.every((name) => sources.has(name)))
  }
}
