/** One run of a member: whoever opens a coordinator under an id has an incarnation of its own. */
export interface Owner {
  readonly memberId: string
  readonly incarnation: string
}

/** What the newest assignment says of a partition. The epoch is that of the newest owner, also when nobody has it now. */
export interface PartitionAssignment {
  readonly owner: Owner | undefined
  readonly epoch: number
}

/** By number of the partition. */
export type Assignment = readonly PartitionAssignment[]

/** What is before the first assignment. */
export function noAssignment(numPartitions: number): Assignment {
  return Array.from({ length: numPartitions }, () => ({ owner: undefined, epoch: 0 }))
}

export function isSameOwner(one: Owner | undefined, other: Owner | undefined): boolean {
  return one?.memberId === other?.memberId && one?.incarnation === other?.incarnation
}

/**
 * Gives each partition to one live member: as many to each, or one more, and as few to others than before as that takes. SPEC.md has the rules.
 * @param former of the same number of partitions
 * @returns the former one itself where nothing changes
 */
export function assign(live: readonly Owner[], former: Assignment): Assignment {
  const members = live
    .map(({ memberId, incarnation }) => ({ memberId, incarnation }))
    .sort((one, other) => (one.memberId < other.memberId ? -1 : 1))
  const kept = keptBy(members, former)
  const takers = members.flatMap((member, i) => places(member, (kept.quotas[i] ?? 0) - (kept.counts[i] ?? 0)))
  let taken = 0
  const next = former.map((each, partition) => {
    const owner = kept.owners[partition] ?? takers[taken++]
    return isSameOwner(owner, each.owner) ? each : { owner, epoch: owner === undefined ? each.epoch : each.epoch + 1 }
  })
  return next.every((each, partition) => each === former[partition]) ? former : next
}

const places = (member: Owner, count: number): Owner[] => Array.from({ length: count }, () => member)

/** Who keeps which partition: members keep the lowest of what they have, up to their share. */
function keptBy(members: readonly Owner[], former: Assignment): Kept {
  const placeOf = new Map(members.map(({ memberId }, place) => [memberId, place]))
  const had = members.map(() => 0)
  const places = former.map(({ owner }) => (owner === undefined ? undefined : placeOf.get(owner.memberId)))
  for (const place of places) if (place !== undefined) had[place] = (had[place] ?? 0) + 1
  const quotas = quotasOf(had, former.length)
  const counts = members.map(() => 0)
  const owners = places.map((place) => {
    if (place === undefined || (counts[place] ?? 0) >= (quotas[place] ?? 0)) return undefined
    counts[place] = (counts[place] ?? 0) + 1
    return members[place]
  })
  return { owners, counts, quotas }
}

interface Kept {
  /** By partition; undefined: it is free to be given. */
  readonly owners: readonly (Owner | undefined)[]
  /** By member. */
  readonly counts: readonly number[]
  readonly quotas: readonly number[]
}

/** The share of each member; what does not divide evenly goes to those that have most, because it moves nothing there. */
function quotasOf(had: readonly number[], numPartitions: number): number[] {
  const least = Math.floor(numPartitions / had.length)
  const withOneMore = numPartitions % had.length
  const byCount = had.map((_count, place) => place).sort((one, other) => (had[other] ?? 0) - (had[one] ?? 0))
  const quotas = had.map(() => least)
  for (const place of byCount.slice(0, withOneMore)) quotas[place] = least + 1
  return quotas
}
