import { assign, ClusterLostError, ClusterUnavailableError } from '@aesop/cluster'
import { describe, expect, test } from 'vitest'
import { answered, bytesOf, claimed, type CoordinatorHome, outcomeOf, TestCluster, textOf } from './test-cluster.ts'
import { until } from './until.ts'

/** What networks and silence do to members, in the contract of `coordinator-contract.ts`. */
export function holdsUnderFaults(home: CoordinatorHome): void {
  describe('outlives', () => {
    faults(home)
  })
  describe('an answer that is lost', () => {
    lostAnswers(home)
  })
}

function faults(home: CoordinatorHome): void {
  test('a connection that is cut: what a member owns stays its own', async () => {
    await using cluster = new TestCluster(home)
    const [a, b] = await Promise.all([cluster.join('a', { isNear: true }), cluster.join('b')])
    const claim = await claimed(a, 0, 1)
    const term = await a.campaign()
    const states: string[] = []
    a.onState((state) => states.push(state))
    const seen = new Set<string>()
    a.onChange((part) => seen.add(part))
    home.proxy().cut()
    await until('it is back', () => states.includes('connected'))
    expect(states).toEqual(['suspended', 'connected'])
    await until('everything is to be read again', () => seen.size === 3)
    expect((await answered(() => claim.writeCheckpoint(bytesOf('one')))).result).toBe('ok')
    expect([await outcomeOf(b, 0, 2), await b.campaign(), a.status().term]).toEqual(['held', undefined, term])
  })

  test('a member that does not wait any longer: it is told whether its question was sent', async () => {
    await using cluster = new TestCluster(home)
    const a = await cluster.join('a', { isNear: true })
    const claim = await claimed(a, 0, 1)
    home.proxy().delay(300)
    await expect(a.members({ deadlineMs: 20 })).rejects.toMatchObject({ outcome: 'unknown' })
    expect(await claim.writeCheckpoint(bytesOf('one'), { deadlineMs: 20 })).toBe('unknown')
    const signal = AbortSignal.abort(new Error('no longer wanted'))
    await expect(a.members({ signal })).rejects.toMatchObject({ outcome: 'not sent' })
    // Each question alone is answered in time.
    await expect(a.claim(1, 1, { deadlineMs: 400 })).rejects.toMatchObject({ outcome: 'unknown' })
    home.proxy().heal()
    expect(await claim.writeCheckpoint(bytesOf('two'))).toBe('ok')
  })

  test('a member that nobody hears: it is lost before another one may claim', async () => {
    await using cluster = new TestCluster(home)
    const a = await cluster.join('a', { isNear: true, ttlMs: home.shortMs })
    const b = await cluster.join('b')
    const claim = await claimed(a, 0, 1)
    const order: string[] = []
    a.onState((state) => order.push(state))
    home.proxy().stall()
    home.proxy().stallNew()
    const late = claim.writeCheckpoint(bytesOf('late')).catch((error: unknown) => error)
    await until('b has it', async () => {
      const { outcome } = await b.claim(0, 2)
      if (order.at(-1) !== outcome) order.push(outcome)
      return outcome === 'claimed'
    })
    expect(order.filter((each) => each === 'lost')).toHaveLength(1)
    expect(order.indexOf('lost')).toBeLessThan(order.indexOf('claimed'))
    expect(order).toContain('held')
    expect([a.state, a.validUntil(), a.status().isMember]).toEqual(['lost', -Infinity, false])
    home.proxy().heal()
    expect(await late).not.toBe('ok')
    await expect(claim.writeCheckpoint(bytesOf('later'))).rejects.toThrow(ClusterLostError)
    await expect(a.members()).rejects.toThrow(ClusterLostError)
    expect((await b.readCheckpoint(0))?.checkpoint).toBeUndefined()
  })

  test('a leader that was cut off: the next one has a greater term, and the former one writes nothing', async () => {
    await using cluster = new TestCluster(home)
    const a = await cluster.join('a', { isNear: true, ttlMs: home.shortMs })
    const b = await cluster.join('b')
    const first = (await a.campaign()) ?? 0n
    const { revision, assignment } = await a.readAssignment()
    home.proxy().stall()
    home.proxy().stallNew()
    const terms: bigint[] = []
    await until('b leads', async () => {
      const term = await b.campaign()
      if (term !== undefined) terms.push(term)
      return terms.length > 0
    })
    expect(terms[0]).toBeGreaterThan(first)
    expect([a.state, a.status().term]).toEqual(['lost', undefined])
    home.proxy().heal()
    const writing = a.writeAssignment(assign([a], assignment), { revision, term: first })
    await expect(writing).rejects.toThrow(ClusterLostError)
    expect((await b.readAssignment()).revision).toBe(revision)
  })
}

/** How often each answer is lost. */
const ROUNDS = 2

function lostAnswers(home: CoordinatorHome): void {
  /** Loses the answer to a write in each round, and asks again. @param isDone whether the write has come to the home */
  async function losing(ask: (round: number) => Promise<unknown>, isDone: (round: number) => Promise<boolean>) {
    let done = 0
    for (let round = 0; round < ROUNDS; round++) {
      home.loseNextWrite()
      const { unanswered } = await answered(async () => {
        try {
          const result = await ask(round)
          if (result === 'unknown') done += (await isDone(round)) ? 1 : 0
          return result
        } catch (error) {
          if (error instanceof ClusterUnavailableError) done += (await isDone(round)) ? 1 : 0
          throw error
        }
      })
      expect([await isDone(round), unanswered > 0 || done > round]).toEqual([true, true])
    }
    expect(done).toBeGreaterThanOrEqual(1)
  }

  test('to a member that joins, leads, resigns and leaves', async () => {
    await using cluster = new TestCluster(home)
    const b = await cluster.join('b')
    const ids = async (): Promise<string[]> => (await b.members()).members.map(({ memberId }) => memberId)
    const terms: bigint[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const a = await cluster.open('a', { isNear: true })
      home.loseNextWrite()
      expect((await answered(() => a.join(''))).unanswered).toBe(1)
      expect(await ids()).toEqual(['a', 'b'])
      home.loseNextWrite()
      const { result: term = 0n, unanswered } = await answered(() => a.campaign())
      expect([await b.campaign(), a.status().term, unanswered]).toEqual([undefined, term, 1])
      home.loseNextWrite()
      expect((await answered(() => a.resign())).unanswered).toBe(1)
      terms.push(term, (await b.campaign()) ?? 0n)
      await b.resign()
      home.loseNextWrite()
      expect((await answered(() => a.leave())).unanswered).toBe(1)
      expect(await ids()).toEqual(['b'])
    }
    expect(terms.toSorted((one, other) => (one < other ? -1 : 1))).toEqual(terms)
    expect(new Set(terms).size).toBe(2 * ROUNDS)
  })

  test('to an assignment: it is written once', async () => {
    await using cluster = new TestCluster(home)
    const [a, b] = await Promise.all([cluster.join('a', { isNear: true }), cluster.join('b')])
    const term = (await a.campaign()) ?? 0n
    const { revision, assignment } = await a.readAssignment()
    let next = assignment
    const nexts = Array.from(
      { length: ROUNDS },
      (_each, round) => (next = assign(round % 2 === 0 ? [a] : [a, b], next)),
    )
    await losing(
      async (round) => {
        const expected = { revision: revision + round, term }
        const written = await a.writeAssignment(nexts[round] ?? [], expected)
        expect(written).toEqual({ outcome: 'written', revision: revision + round + 1 })
      },
      async (round) => (await b.readAssignment()).revision === revision + round + 1,
    )
    expect(await b.readAssignment()).toEqual({ revision: revision + ROUNDS, term, assignment: nexts.at(-1) })
  })

  test('to a claim: it is made once, and holds', async () => {
    await using cluster = new TestCluster(home)
    const [a, b] = await Promise.all([cluster.join('a', { isNear: true }), cluster.join('b')])
    await losing(
      (partition) => claimed(a, partition, 1),
      async (partition) => (await b.readCheckpoint(partition))?.epoch === 1,
    )
    expect(await outcomeOf(b, 0, 2)).toBe('held')
  })

  test('to a checkpoint: it is read before it is written again', async () => {
    await using cluster = new TestCluster(home)
    const [a, b] = await Promise.all([cluster.join('a', { isNear: true }), cluster.join('b')])
    const claim = await claimed(a, 0, 1)
    await losing(
      (round) => claim.writeCheckpoint(bytesOf(`written ${round}`)),
      async (round) => textOf((await b.readCheckpoint(0))?.checkpoint) === `written ${round}`,
    )
    expect(await claim.writeCheckpoint(bytesOf('newer'))).toBe('ok')
  })

  test('to a checkpoint, and another one is written: it takes its place', async () => {
    await using cluster = new TestCluster(home)
    const a = await cluster.join('a', { isNear: true })
    const claim = await claimed(a, 0, 1)
    home.loseNextWrite()
    expect(await claim.writeCheckpoint(bytesOf('last'))).toBe('unknown')
    expect((await answered(() => claim.writeCheckpoint(bytesOf('newer')))).result).toBe('ok')
    expect(textOf((await a.readCheckpoint(0))?.checkpoint)).toBe('newer')
  })

  test('to a checkpoint, while another one takes the partition: it is fenced', async () => {
    await using cluster = new TestCluster(home)
    const [a, b] = await Promise.all([cluster.join('a', { isNear: true }), cluster.join('b')])
    const claim = await claimed(a, 0, 1)
    home.loseNextWrite()
    expect(await claim.writeCheckpoint(bytesOf('last'))).toBe('unknown')
    await answered(() => a.leave())
    const next = await claimed(b, 0, 2)
    expect(textOf(next.checkpoint)).toBe('last')
    expect(await claim.writeCheckpoint(bytesOf('late'))).toBe('fenced')
  })

  test('to a release: the partition is free, with its last checkpoint', async () => {
    await using cluster = new TestCluster(home)
    const [a, b] = await Promise.all([cluster.join('a', { isNear: true }), cluster.join('b')])
    const claims = await Promise.all(Array.from({ length: ROUNDS }, (_each, partition) => claimed(a, partition, 1)))
    await losing(
      async (partition) => claims[partition]?.release(bytesOf('last')),
      async (partition) => (await b.readCheckpoint(partition))?.isFree === true,
    )
    for (const { partition } of claims) expect(textOf((await claimed(b, partition, 2)).checkpoint)).toBe('last')
  })
}
