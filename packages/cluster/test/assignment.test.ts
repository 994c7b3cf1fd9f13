import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Assignment,
  assign,
  isSameOwner,
  noAssignment,
  type Owner,
  type PartitionAssignment,
} from '../src/assignment.ts'
import { assertProperty } from '../../../test/support/property.ts'

const SEED = 20_261_129

const owner = (id: number, run = 0): Owner => ({ memberId: `m${id}`, incarnation: `m${id}-${run}` })

/** Members that come, go and come back in steps; each number is a member, and how often it was started. */
const steps = fc.array(
  fc.uniqueArray(fc.record({ id: fc.nat(7), run: fc.nat(1) }), { maxLength: 8, selector: ({ id }) => id }),
  { minLength: 1, maxLength: 8 },
)
const cases = fc.record({ numPartitions: fc.integer({ min: 1, max: 40 }), steps })

/** Each step with what was before and behind it. */
function walk(
  { numPartitions, steps: list }: { numPartitions: number; steps: { id: number; run: number }[][] },
  look: (live: readonly Owner[], former: Assignment, next: Assignment, before: readonly Owner[]) => void,
): void {
  let former = noAssignment(numPartitions)
  let before: readonly Owner[] = []
  for (const step of list) {
    const live = step.map(({ id, run }) => owner(id, run))
    const next = assign(live, former)
    look(live, former, next, before)
    former = next
    before = live
  }
}

const countOf = (assignment: Assignment, memberId: string): number =>
  assignment.filter((each) => each.owner?.memberId === memberId).length
const ids = (members: readonly Owner[]): string[] => members.map(({ memberId }) => memberId)
const movedIn = (former: Assignment, next: Assignment): number[] =>
  next.flatMap((each, at) => (each.owner?.memberId === former[at]?.owner?.memberId ? [] : [at]))

describe('an assignment', () => {
  test('gives each partition to one live member, as many to each or one more', () => {
    const reached = { nobody: 0, even: 0, uneven: 0, moreMembersThanPartitions: 0 }
    assertProperty(
      fc.property(cases, (drawn) => {
        walk(drawn, (live, _former, next) => {
          expect(next).toHaveLength(drawn.numPartitions)
          if (live.length === 0) {
            reached.nobody++
            expect(next.every((each) => each.owner === undefined)).toBe(true)
            return
          }
          const isOfOne = ({ owner: one }: PartitionAssignment): boolean =>
            live.filter((each) => isSameOwner(each, one)).length === 1
          expect(next.filter((each) => !isOfOne(each))).toEqual([])
          const counts = live.map(({ memberId }) => countOf(next, memberId))
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
          reached[drawn.numPartitions % live.length === 0 ? 'even' : 'uneven']++
          if (live.length > drawn.numPartitions) reached.moreMembersThanPartitions++
        })
      }),
      { seed: SEED, numRuns: 300, reached, atLeast: 50 },
    )
  })

  test('moves no more than it has to: what is of nobody that lives, and what is above a share', () => {
    const reached = { moved: 0, nothing: 0 }
    assertProperty(
      fc.property(cases, (drawn) => {
        walk(drawn, (live, former, next) => {
          if (live.length === 0) return
          const had = ids(live).map((memberId) => countOf(former, memberId))
          const least = Math.floor(drawn.numPartitions / live.length)
          const oneMore = drawn.numPartitions % live.length
          const sorted = had.toSorted((one, other) => other - one)
          const above = sorted.map((count, i) => Math.max(0, count - least - (i < oneMore ? 1 : 0)))
          const homeless = drawn.numPartitions - had.reduce((sum, count) => sum + count, 0)
          const moved = movedIn(former, next).length
          expect(moved).toBe(homeless + above.reduce((sum, count) => sum + count, 0))
          reached[moved > 0 ? 'moved' : 'nothing']++
        })
      }),
      { seed: SEED + 1, numRuns: 300, reached, atLeast: 50 },
    )
  })

  test('of a member that leaves moves only its own', () => {
    const reached = { moved: 0 }
    assertProperty(
      fc.property(cases, fc.nat(7), (drawn, which) => {
        walk(drawn, (live, _former, settled) => {
          const leaver = live[which % Math.max(1, live.length)]
          if (leaver === undefined || live.length < 2) return
          const next = assign(
            live.filter((each) => each !== leaver),
            settled,
          )
          const own = settled.flatMap((each, at) => (isSameOwner(each.owner, leaver) ? [at] : []))
          expect(movedIn(settled, next)).toEqual(own)
          if (own.length > 0) reached.moved++
        })
      }),
      { seed: SEED + 2, numRuns: 200, reached, atLeast: 50 },
    )
  })

  test('of a member that joins takes its share alone', () => {
    const reached = { moved: 0 }
    assertProperty(
      fc.property(cases, (drawn) => {
        walk(drawn, (live, _former, settled) => {
          if (live.length === 0) return
          const joined = owner(99)
          const next = assign([...live, joined], settled)
          const moved = movedIn(settled, next)
          expect(moved).toHaveLength(Math.floor(drawn.numPartitions / (live.length + 1)))
          for (const at of moved) expect(next[at]?.owner).toEqual(joined)
          if (moved.length > 0) reached.moved++
        })
      }),
      { seed: SEED + 3, numRuns: 200, reached, atLeast: 50 },
    )
  })

  test('raises an epoch at each change of owner by one, and never lowers it', () => {
    const reached = { kept: 0, raised: 0, anotherRun: 0, acrossNobody: 0 }
    assertProperty(
      fc.property(cases, (drawn) => {
        walk(drawn, (_live, former, next) => {
          const wrong: number[] = []
          for (const [at, { owner: now, epoch }] of next.entries()) {
            const before = former[at] ?? { owner: undefined, epoch: 0 }
            const isChanged = now !== undefined && !isSameOwner(now, before.owner)
            if (epoch !== before.epoch + (isChanged ? 1 : 0)) wrong.push(at)
            reached[isChanged ? 'raised' : 'kept']++
            if (isChanged && before.owner?.memberId === now.memberId) reached.anotherRun++
            if (isChanged && before.owner === undefined && before.epoch > 0) reached.acrossNobody++
          }
          expect(wrong).toEqual([])
        })
      }),
      { seed: SEED + 4, numRuns: 200, reached, atLeast: 50 },
    )
  })

  test('is the same, in whatever order members are listed', () => {
    const reached = { several: 0 }
    assertProperty(
      fc.property(cases, (drawn) => {
        walk(drawn, (live, former, next) => {
          expect(assign(live.toReversed(), former)).toEqual(next)
          if (live.length > 1) reached.several++
        })
      }),
      { seed: SEED + 5, numRuns: 100, reached, atLeast: 50 },
    )
  })

  test('is the former one where nothing changes', () => {
    const members = [owner(1), owner(2), owner(3)]
    const settled = assign(members, noAssignment(10))
    expect(assign(members, settled)).toBe(settled)
    const nobody = noAssignment(10)
    expect(assign([], nobody)).toBe(nobody)
  })

  test('is made for 1,000 partitions and 100 members that come and go one by one', () => {
    const all = Array.from({ length: 100 }, (_each, id) => owner(id))
    let current = noAssignment(1_000)
    for (let count = 1; count <= 100; count++) current = assign(all.slice(0, count), current)
    for (let count = 99; count >= 1; count--) current = assign(all.slice(0, count), current)
    expect(current.every((each) => isSameOwner(each.owner, all[0]))).toBe(true)
  })
})
