import { isRefused } from '@aesop/zookeeper'
import { type Wait } from '../coordinator.ts'
import { documentOf } from '../document.ts'
import { type ClusterHome } from './cluster-home.ts'

/** One node that one session has at a time. Its term is the change that made it: greater with each, and never the same again. */
export class Leadership {
  readonly #home: ClusterHome
  #term: bigint | undefined

  constructor(home: ClusterHome) {
    this.#home = home
  }

  /** undefined: this one does not lead, as far as it knows. */
  get term(): bigint | undefined {
    return this.#term
  }

  /** @returns undefined where another one leads */
  async campaign(wait: Wait): Promise<bigint | undefined> {
    const { session, paths, owner, acl } = this.#home
    const document = documentOf({ memberId: owner.memberId, incarnation: owner.incarnation })
    for (;;) {
      try {
        const { stat } = await session.create(paths.leader, document, { mode: 'ephemeral', acl, ...wait })
        return (this.#term = stat.czxid)
      } catch (error) {
        if (!isRefused(error, 'NodeExists')) throw error
      }
      const there = await session.exists(paths.leader, wait)
      if (there !== undefined) return (this.#term = there.ephemeralOwner === session.id ? there.czxid : undefined)
    }
  }

  /** The node is removed only where it is the own one, which nobody else can make of this session. */
  async resign(wait: Wait): Promise<void> {
    const { session, paths } = this.#home
    this.#term = undefined
    if ((await session.exists(paths.leader, wait))?.ephemeralOwner !== session.id) return
    await session.remove(paths.leader, wait)
  }

  end(): void {
    this.#term = undefined
  }
}
