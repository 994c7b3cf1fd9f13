import { type ZooKeeperSession } from '@aesop/zookeeper'
import { type ClusterPart, type Wait } from '../coordinator.ts'
import { type ClusterPaths } from './cluster-paths.ts'

type Listener = (part: ClusterPart) => void

/** Tells of changes that watches tell of; several at once are one. */
export class ChangeHints {
  readonly #listeners = new Set<Listener>()
  readonly #waiting = new Set<ClusterPart>()

  async watch(session: ZooKeeperSession, paths: ClusterPaths, wait: Wait): Promise<void> {
    const parts = ['members', 'leader', 'assignment'] as const
    await Promise.all(
      parts.map((part) =>
        session.addWatch(
          paths[part],
          'persistent',
          () => {
            this.#hint(part)
          },
          wait,
        ),
      ),
    )
  }

  onChange(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  end(): void {
    this.#listeners.clear()
  }

  #hint(part: ClusterPart): void {
    if (this.#waiting.size === 0) setImmediate(this.#tell)
    this.#waiting.add(part)
  }

  readonly #tell = (): void => {
    const parts = [...this.#waiting]
    this.#waiting.clear()
    for (const part of parts) for (const listener of this.#listeners) listener(part)
  }
}
