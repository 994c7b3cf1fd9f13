import { memberOf } from './json-parameter.ts'

/** A physical partition as a request names it; what is undefined may be any: Databus' id −1 and name `*`. */
export interface PartitionName {
  readonly id: number | undefined
  readonly name: string | undefined
}

/** A physical partition that there is: of a relay's physical source. */
export interface PhysicalPartition {
  readonly id: number
  readonly name: string
}

const ANY_PARTITION: PartitionName = { id: undefined, name: undefined }
const ANY_ID = -1
const ANY_NAME = '*'

/** Reads `{"id":1,"name":"shop"}`; null and an absent member mean any. Undefined: it is none. */
export function partitionNameOf(value: unknown): PartitionName | undefined {
  if (value === undefined || value === null) return ANY_PARTITION
  if (typeof value !== 'object' || Array.isArray(value)) return undefined
  const id = memberOf(value, 'id') ?? ANY_ID
  const name = memberOf(value, 'name') ?? ANY_NAME
  if (typeof id !== 'number' || !Number.isInteger(id) || typeof name !== 'string') return undefined
  return { id: id === ANY_ID ? undefined : id, name: name === ANY_NAME ? undefined : name }
}

/** Whether the partition is one that is named so. */
export function isNamed({ id, name }: PhysicalPartition, named: PartitionName): boolean {
  return (named.id ?? id) === id && (named.name ?? name) === name
}

/** For messages: as `/bufferInfo` calls it, with `*` for any. */
export function partitionText({ id, name }: PartitionName): string {
  return `${name ?? ANY_NAME}:${id ?? ANY_NAME}`
}
