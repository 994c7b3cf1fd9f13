import { ACL_ANYONE, isRefused, ZooKeeperSession } from '@aesop/zookeeper'
import { setTimeout as delay } from 'node:timers/promises'
import { FaultProxy } from './fault-proxy.ts'
import { SeededDraw } from './seeded-draw.ts'
import { until } from './until.ts'
import { endOf } from './zookeeper-rig.ts'
import { ZooKeeperEnsemble } from './zookeeper-server.ts'

/** Of the sessions, in milliseconds. */
const TIMEOUT_MS = 2_000
const MEMBERS = 4
const LOCK = '/lock'
/** No operation may take longer: silence ends a connection after a third of the session. */
const OPERATION_MS_MAX = 2 * TIMEOUT_MS

/** What a schedule came to. */
export interface ScheduleOutcome {
  readonly faults: readonly string[]
  /** How often the lock was taken. */
  readonly taken: number
  readonly lost: number
}

/** One of several that want a lock: an ephemeral node. It has its own way to each server. */
class Member {
  session: ZooKeeperSession | undefined
  /** Whether it took the lock and has not begun to give it back. */
  holds = false
  taken = 0
  lost = 0
  readonly proxies: readonly FaultProxy[]

  constructor(proxies: readonly FaultProxy[]) {
    this.proxies = proxies
  }

  /** Whether it may act as the owner, by its own clock. */
  get believes(): boolean {
    return this.holds && (this.session?.validUntil() ?? 0) > performance.now()
  }

  async run(draw: SeededDraw, others: () => readonly Member[], isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const session = await this.#open(isOver)
      if (session === undefined) return
      while (!isOver() && session.validUntil() > 0 && session.state !== 'expired') {
        if (await this.#take(session)) await this.#own(session, draw, others())
        await delay(10 + draw.below(40))
      }
      this.holds = false
      await session.close()
    }
  }

  async #open(isOver: () => boolean): Promise<ZooKeeperSession | undefined> {
    const servers = this.proxies.map(({ port }) => `127.0.0.1:${port}`).join(',')
    while (!isOver()) {
      try {
        const session = await ZooKeeperSession.open({ servers, timeoutMs: TIMEOUT_MS }, { deadlineMs: TIMEOUT_MS })
        session.onState((state) => (this.lost += state === 'lost' ? 1 : 0))
        this.session = session
        return session
      } catch {
        await delay(50)
      }
    }
    return undefined
  }

  /** Takes the lock where it is free; of an attempt without an answer the owner of the node tells. */
  async #take(session: ZooKeeperSession): Promise<boolean> {
    const creating = session.create(LOCK, Buffer.alloc(0), { acl: ACL_ANYONE, mode: 'ephemeral' })
    const end = await within(endOf(creating))
    if (end === 'ok') return true
    const stat = await within(session.exists(LOCK).catch(() => undefined))
    return stat?.ephemeralOwner === session.id
  }

  async #own(session: ZooKeeperSession, draw: SeededDraw, others: readonly Member[]): Promise<void> {
    if (session.validUntil() <= performance.now()) return
    const believing = others.filter((other) => other !== this && other.believes)
    if (believing.length > 0) throw new Error('the lock was given to another one while its owner was sure of it')
    this.holds = true
    this.taken++
    // Now and then for longer than the servers keep a session that they do not hear of.
    const untilMs = performance.now() + draw.below(draw.below(2) === 0 ? 200 : 4 * TIMEOUT_MS)
    while (this.believes && performance.now() < untilMs) await delay(10)
    this.holds = false
    await within(session.remove(LOCK).catch((error: unknown) => isRefused(error, 'NoNode')))
  }
}

async function within<Result>(operation: Promise<Result>): Promise<Result> {
  const late = new AbortController()
  const tooLate = delay(OPERATION_MS_MAX, undefined, { signal: late.signal }).then(() => {
    throw new Error(`an operation did not end within ${OPERATION_MS_MAX} ms`)
  })
  tooLate.catch(() => undefined)
  try {
    return await Promise.race([operation, tooLate])
  } finally {
    late.abort()
  }
}

/** Members that contend for a lock while networks and servers fail: nobody is given it while another one may be sure of it. */
export async function runZooKeeperSchedule(seed: number, forMs: number): Promise<ScheduleOutcome> {
  const draw = new SeededDraw(seed)
  const ensemble = await ZooKeeperEnsemble.start()
  const members = await Promise.all(
    Array.from(
      { length: MEMBERS },
      async () => new Member(await Promise.all(ensemble.servers.map(({ port }) => FaultProxy.start(port)))),
    ),
  )
  let isOver = false
  const running = members.map((member, i) =>
    member.run(
      new SeededDraw(seed + 1 + i),
      () => members,
      () => isOver,
    ),
  )
  const faults: string[] = []
  try {
    const failed = Promise.all(running).then(() => undefined)
    const endMs = performance.now() + forMs
    while (performance.now() < endMs) {
      await Promise.race([failed, strike(draw, ensemble, members, faults)])
      await Promise.race([failed, delay(draw.below(600))])
    }
    const before = members.map(({ taken }) => taken)
    await Promise.race([
      failed,
      until('everybody has the lock again', () => members.every(({ taken }, i) => taken > (before[i] ?? 0)), 60_000),
    ])
  } finally {
    isOver = true
    await Promise.allSettled(running)
    await ensemble.destroy()
    await Promise.all(members.flatMap(({ proxies }) => proxies.map((proxy) => proxy.close())))
  }
  return { faults, taken: sum(members.map(({ taken }) => taken)), lost: sum(members.map(({ lost }) => lost)) }
}

type Fault = (draw: SeededDraw, ensemble: ZooKeeperEnsemble, member: Member) => Promise<void>

/** What happens, and that it is over. */
const FAULTS: Readonly<Record<string, Fault>> = {
  cut: async (_draw, _ensemble, { proxies }) => {
    for (const proxy of proxies) proxy.cut()
    await delay(0)
  },
  stall: async (draw, _ensemble, { proxies }) => {
    for (const proxy of proxies) proxy.stall()
    await delay(draw.below(TIMEOUT_MS))
  },
  blackhole: async (draw, _ensemble, { proxies }) => {
    for (const proxy of proxies) proxy.stall()
    for (const proxy of proxies) proxy.stallNew()
    await delay(draw.below(3 * TIMEOUT_MS))
  },
  refuse: async (draw, _ensemble, { proxies }) => {
    for (const proxy of proxies) proxy.refuse()
    for (const proxy of proxies) proxy.cut()
    await delay(draw.below(2 * TIMEOUT_MS))
  },
  slow: async (draw, _ensemble, { proxies }) => {
    for (const proxy of proxies) proxy.delay(draw.below(400))
    await delay(draw.below(TIMEOUT_MS))
  },
  truncate: async (_draw, _ensemble, { proxies }) => {
    for (const proxy of proxies) proxy.truncate(3)
    await delay(0)
  },
  freeze: async (draw, { servers }) => {
    const server = servers[draw.below(servers.length)]
    server?.freeze()
    await delay(draw.below(2 * TIMEOUT_MS))
    server?.thaw()
  },
  'freeze two': async (draw, { servers }) => {
    const frozen = servers.slice(0, 2)
    for (const server of frozen) server.freeze()
    await delay(draw.below(2 * TIMEOUT_MS))
    for (const server of frozen) server.thaw()
  },
  kill: async (draw, { servers }) => {
    const server = servers[draw.below(servers.length)]
    await server?.kill()
    await delay(draw.below(TIMEOUT_MS))
    server?.launch()
  },
}

async function strike(
  draw: SeededDraw,
  ensemble: ZooKeeperEnsemble,
  members: readonly Member[],
  faults: string[],
): Promise<void> {
  const [first = 'cut', ...names] = Object.keys(FAULTS)
  const name = draw.of([first, ...names])
  // Whoever has the lock is the one that a fault is about.
  const member = members.find(({ holds }) => holds) ?? members[draw.below(members.length)]
  if (member === undefined) return
  faults.push(name)
  await FAULTS[name]?.(draw, ensemble, member)
  for (const proxy of member.proxies) proxy.heal()
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0)
}
