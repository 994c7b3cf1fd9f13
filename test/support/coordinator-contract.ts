import {
  assign,
  AssignmentInvalidError,
  ClusterConfigDiffersError,
  ClusterLostError,
  ClusterSettingInvalidError,
  DocumentFormatNewerError,
  DocumentMalformedError,
  DocumentTooLargeError,
  MemberAliveError,
  noAssignment,
  NotMemberError,
} from '@aesop/cluster'
import { describe, expect, test } from 'vitest'
import { holdsUnderFaults } from './coordinator-faults.ts'
import { bytesOf, claimed, type CoordinatorHome, outcomeOf, TestCluster, textOf } from './test-cluster.ts'
import { until } from './until.ts'

/** Of claims and checkpoints. */
const AT_A_TIME = 250

/** What every home of coordinators holds. SPEC.md of `@aesop/cluster` names these tests. */
export function holdsForCoordinators(home: CoordinatorHome): void {
  describe('refuses', () => {
    refusals(home)
  })
  describe('holds', () => {
    leading(home)
    claiming(home)
    hints(home)
  })
  holdsUnderFaults(home)
}

function refusals(home: CoordinatorHome): void {
  test('a second one of one live member of an id, until that is gone', async () => {
    await using cluster = new TestCluster(home)
    const first = await cluster.join('a')
    const second = await cluster.open('a')
    await expect(second.join('')).rejects.toThrow(MemberAliveError)
    await expect(second.join('')).rejects.toThrow(first.incarnation)
    expect((await second.members()).members.map(({ incarnation }) => incarnation)).toEqual([first.incarnation])
    await first.join('again')
    await first.leave()
    await second.join('')
    expect((await first.members()).members).toEqual([{ memberId: 'a', incarnation: second.incarnation, record: '' }])
    await expect(first.join('')).rejects.toThrow(NotMemberError)
  })

  test('another number of partitions', async () => {
    await using cluster = new TestCluster(home)
    await cluster.open('a')
    const opening = cluster.open('b', { numPartitions: 5 })
    await expect(opening).rejects.toThrow(ClusterConfigDiffersError)
    await expect(opening).rejects.toThrow(/has 4 partitions, and this member is set to 5/)
  })

  test('names that are no nodes, and numbers that are none', async () => {
    await using cluster = new TestCluster(home)
    for (const wish of [{ memberId: 'a/b' }, { memberId: '..' }, { cluster: '' }, { numPartitions: 0 }, { ttlMs: 1 }]) {
      await expect(cluster.open('a', wish)).rejects.toThrow(ClusterSettingInvalidError)
    }
    const member = await cluster.join('a')
    for (const [partition, epoch] of [
      [4, 1],
      [-1, 1],
      [0, 0],
      [0, 1.5],
    ] as const) {
      await expect(member.claim(partition, epoch)).rejects.toThrow(ClusterSettingInvalidError)
    }
  })

  test('what is too large, and others that wait are answered', async () => {
    await using cluster = new TestCluster(home)
    const member = await cluster.join('a')
    const claim = await claimed(member, 0, 1)
    const waiting = member.members()
    expect(() => claim.writeCheckpoint(Buffer.alloc(900_001))).toThrow(DocumentTooLargeError)
    expect((await waiting).members).toHaveLength(1)
    expect(await claim.writeCheckpoint(Buffer.alloc(900_000, 1))).toBe('ok')
    expect((await member.readCheckpoint(0))?.checkpoint).toHaveLength(900_000)
    const other = await cluster.open('b')
    await expect(other.join('x'.repeat(16_385))).rejects.toThrow(DocumentTooLargeError)
  })

  test('a newer format, and leaves it as it is', async () => {
    await using cluster = new TestCluster(home)
    const member = await cluster.join('a')
    const claim = await claimed(member, 0, 1)
    const term = (await member.campaign()) ?? 0n
    await home.overwrite(cluster.name, 'assignment', '{"format":2}')
    await expect(member.readAssignment()).rejects.toThrow(DocumentFormatNewerError)
    await expect(member.writeAssignment(noAssignment(4), { revision: 1, term })).rejects.toThrow(
      DocumentFormatNewerError,
    )
    await home.overwrite(cluster.name, 'checkpoint of 0', '{"format":2}\n')
    await expect(member.readCheckpoint(0)).rejects.toThrow(DocumentFormatNewerError)
    await expect(claim.writeCheckpoint(bytesOf('1'))).rejects.toThrow(DocumentFormatNewerError)
    await expect(member.claim(0, 2)).rejects.toThrow(DocumentFormatNewerError)
    await home.overwrite(cluster.name, 'checkpoint of 0', 'nonsense')
    await expect(member.claim(0, 2)).rejects.toThrow(DocumentMalformedError)
    await home.overwrite(cluster.name, 'config', '{"format":2}')
    await expect(cluster.open('b')).rejects.toThrow(DocumentFormatNewerError)
  })

  test('what only a member may do, and everything of one that is closed', async () => {
    await using cluster = new TestCluster(home)
    const member = await cluster.open('a')
    await expect(member.claim(0, 1)).rejects.toThrow(NotMemberError)
    await expect(member.campaign()).rejects.toThrow(NotMemberError)
    await member.join('')
    const claim = await claimed(member, 0, 1)
    await member.close()
    expect([member.state, member.validUntil(), member.status().isMember]).toEqual(['closed', -Infinity, false])
    await expect(member.members()).rejects.toThrow(ClusterLostError)
    await expect(claim.writeCheckpoint(bytesOf('1'))).rejects.toThrow(ClusterLostError)
  })
}

function leading(home: CoordinatorHome): void {
  test('that one leads, and each leader has a greater term', async () => {
    await using cluster = new TestCluster(home)
    const [a, b] = await Promise.all([cluster.join('a'), cluster.join('b')])
    const first = (await a.campaign()) ?? 0n
    expect([await b.campaign(), await a.campaign(), a.status().term]).toEqual([undefined, first, first])
    const { revision, assignment } = await b.readAssignment()
    expect(assignment).toEqual(noAssignment(4))
    const next = assign((await a.members()).members, assignment)
    expect(await b.writeAssignment(next, { revision, term: first })).toEqual({ outcome: 'deposed' })
    const written = await a.writeAssignment(next, { revision, term: first })
    expect(written).toEqual({ outcome: 'written', revision: revision + 1 })
    expect(await a.writeAssignment(assign([a], next), { revision, term: first })).toEqual({ outcome: 'moved' })
    await a.resign()
    expect(await a.writeAssignment(next, { revision, term: first })).toEqual({ outcome: 'deposed' })
    expect((await b.campaign()) ?? 0n).toBeGreaterThan(first)
    expect(await b.readAssignment()).toMatchObject({ revision: revision + 1, term: first, assignment: next })
  })

  test('that an assignment whose epochs go back is not written', async () => {
    await using cluster = new TestCluster(home)
    const [a, b] = await Promise.all([cluster.join('a'), cluster.join('b')])
    const term = (await a.campaign()) ?? 0n
    const first = assign([a], noAssignment(4))
    const { revision } = await a.readAssignment()
    await a.writeAssignment(first, { revision, term })
    const expected = { revision: revision + 1, term }
    const lower = first.map((each) => ({ ...each, epoch: 0 }))
    await expect(a.writeAssignment(lower, expected)).rejects.toThrow(AssignmentInvalidError)
    const same = first.map(({ epoch }) => ({ owner: b, epoch }))
    await expect(a.writeAssignment(same, expected)).rejects.toThrow(/another owner has a greater one/)
    await expect(a.writeAssignment(first.slice(1), expected)).rejects.toThrow(AssignmentInvalidError)
    expect((await a.readAssignment()).revision).toBe(revision + 1)
  })
}

function claiming(home: CoordinatorHome): void {
  test('that a partition changes hands with its checkpoint, once its owner has released it', async () => {
    await using cluster = new TestCluster(home)
    const [a, b] = await Promise.all([cluster.join('a'), cluster.join('b')])
    expect(await a.readCheckpoint(0)).toBeUndefined()
    const former = await claimed(a, 0, 1)
    expect([former.epoch, former.checkpoint]).toEqual([1, undefined])
    expect(await former.writeCheckpoint(bytesOf('one'))).toBe('ok')
    expect(await outcomeOf(b, 0, 2)).toBe('held')
    expect(await former.writeCheckpoint(bytesOf('two'))).toBe('ok')
    expect(await former.release()).toBe('ok')
    const next = await claimed(b, 0, 2)
    expect(textOf(next.checkpoint)).toBe('two')
    expect(await former.writeCheckpoint(bytesOf('late'))).toBe('fenced')
    expect(await outcomeOf(a, 0, 1)).toBe('fenced')
    expect(await a.readCheckpoint(0)).toMatchObject({ epoch: 2, owner: { memberId: 'b' }, isFree: false })
  })

  test('that writes of a former owner are fenced, whatever it believes', async () => {
    await using cluster = new TestCluster(home)
    const [a, b, c] = await Promise.all([cluster.join('a'), cluster.join('b'), cluster.join('c')])
    const former = await claimed(a, 0, 1)
    const unwilling = await claimed(a, 1, 1)
    await former.writeCheckpoint(bytesOf('one'))
    await a.leave()
    const next = await claimed(b, 0, 2)
    await claimed(b, 1, 2)
    expect(await former.writeCheckpoint(bytesOf('late'))).toBe('fenced')
    expect(await former.writeCheckpoint(bytesOf('later'))).toBe('fenced')
    expect(await unwilling.release(bytesOf('late'))).toBe('fenced')
    expect(await outcomeOf(c, 0, 1)).toBe('fenced')
    expect(await next.writeCheckpoint(bytesOf('two'))).toBe('ok')
    expect(textOf((await c.readCheckpoint(0))?.checkpoint)).toBe('two')
  })

  test('that of two who claim with one epoch one is fenced', async () => {
    await using cluster = new TestCluster(home, 50)
    const [a, b] = await Promise.all([cluster.join('a'), cluster.join('b')])
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, async (_each, at) =>
        (await Promise.all([outcomeOf(a, at, 1), outcomeOf(b, at, 1)])).sort().join(),
      ),
    )
    expect(new Set(outcomes)).toEqual(new Set(['claimed,fenced']))
  })

  test('that 1,000 partitions are claimed and written', async () => {
    await using cluster = new TestCluster(home, 1_000)
    const a = await cluster.join('a')
    const term = (await a.campaign()) ?? 0n
    const { revision, assignment } = await a.readAssignment()
    const written = await a.writeAssignment(assign([a], assignment), { revision, term })
    expect(written.outcome).toBe('written')
    const all = (await a.readAssignment()).assignment
    for (let first = 0; first < all.length; first += AT_A_TIME) {
      const some = all.slice(first, first + AT_A_TIME)
      const claims = await Promise.all(some.map(({ epoch }, at) => claimed(a, first + at, epoch)))
      const stored = await Promise.all(claims.map((claim) => claim.writeCheckpoint(Buffer.alloc(300, 65))))
      expect(stored).toEqual(some.map(() => 'ok'))
    }
    expect((await a.readCheckpoint(999))?.checkpoint).toHaveLength(300)
  })
}

function hints(home: CoordinatorHome): void {
  test('that changes are told, and that a later read shows them', async () => {
    await using cluster = new TestCluster(home)
    const a = await cluster.join('a')
    const seen = new Set<string>()
    const forget = a.onChange((part) => seen.add(part))
    const b = await cluster.join('b')
    await until('members', () => seen.has('members'))
    expect((await a.members()).members.map(({ memberId }) => memberId)).toEqual(['a', 'b'])
    const term = (await b.campaign()) ?? 0n
    await until('leader', () => seen.has('leader'))
    const { revision, assignment } = await b.readAssignment()
    await b.writeAssignment(assign([a, b], assignment), { revision, term })
    await until('assignment', () => seen.has('assignment'))
    expect((await a.readAssignment()).revision).toBe(revision + 1)
    seen.clear()
    await b.close()
    await until('it is told that one has left', () => seen.has('members') && seen.has('leader'))
    forget()
  })
}
