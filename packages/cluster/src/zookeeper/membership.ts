import { isRefused } from '@aesop/zookeeper'
import { type Owner } from '../assignment.ts'
import { type Members, type Wait } from '../coordinator.ts'
import { MemberAliveError, NotMemberError } from '../errors.ts'
import { type Member, memberDocument, readMember } from '../member-record.ts'
import { type ClusterHome } from './cluster-home.ts'

/** The own place among the live members, and who else has one. */
export class Membership {
  readonly #home: ClusterHome
  #state: 'before' | 'joined' | 'left' = 'before'

  constructor(home: ClusterHome) {
    this.#home = home
  }

  get isMember(): boolean {
    return this.#state === 'joined'
  }

  /** @throws NotMemberError */
  check(what: string): void {
    if (this.#state === 'before') throw NotMemberError.of(what, 'has not joined')
    if (this.#state === 'left') throw NotMemberError.of(what, 'has left')
  }

  async join(record: string, wait: Wait): Promise<void> {
    if (this.#state !== 'before') this.check('join')
    const { session, paths, owner, acl } = this.#home
    const path = paths.member(owner.memberId)
    const document = memberDocument({ incarnation: owner.incarnation, record })
    for (;;) {
      try {
        await session.create(path, document, { mode: 'ephemeral', acl, ...wait })
        break
      } catch (error) {
        if (!isRefused(error, 'NodeExists')) throw error
        if (await this.#isOwn(path, wait)) break
      }
    }
    this.#state = 'joined'
  }

  /** false: it has gone meanwhile. @throws MemberAliveError */
  async #isOwn(path: string, wait: Wait): Promise<boolean> {
    const { session, owner, paths } = this.#home
    const stat = await session.exists(path, wait)
    if (stat === undefined) return false
    if (stat.ephemeralOwner === session.id) return true
    const there = await this.#read(owner.memberId, wait)
    if (there === undefined) return false
    const cluster = paths.root.slice(1)
    throw MemberAliveError.of(cluster, owner.memberId, there.incarnation, session.negotiatedTimeoutMs)
  }

  async leave(wait: Wait): Promise<void> {
    const wasMember = this.#state !== 'before'
    this.#state = 'left'
    const { session, paths, owner } = this.#home
    const path = paths.member(owner.memberId)
    if (!wasMember || (await session.exists(path, wait))?.ephemeralOwner !== session.id) return
    await session.remove(path, wait)
  }

  async members(wait: Wait): Promise<Members> {
    const { session, paths } = this.#home
    const [, { children, stat }] = await Promise.all([
      session.sync(paths.members, wait),
      session.getChildren(paths.members, wait),
    ])
    const members = await Promise.all(children.toSorted().map((memberId) => this.#read(memberId, wait)))
    return { revision: stat.cversion, members: members.filter((member) => member !== undefined) }
  }

  /** Whether this run of a member is live still; current as of what was read before on this session. */
  async isLive({ memberId, incarnation }: Owner, wait: Wait): Promise<boolean> {
    return (await this.#read(memberId, wait))?.incarnation === incarnation
  }

  async #read(memberId: string, wait: Wait): Promise<Member | undefined> {
    const path = this.#home.paths.member(memberId)
    try {
      return readMember(memberId, (await this.#home.session.getData(path, wait)).data, path)
    } catch (error) {
      if (isRefused(error, 'NoNode')) return undefined
      throw error
    }
  }
}
