import { jsonOf, memberOf } from './json-parameter.ts'
import { parameters } from './paths.ts'
import { type PartitionName, partitionNameOf } from './physical-partition.ts'
import { type RequestParameters } from './request-parameters.ts'

/** One of Databus' subscriptions: a logical source, or all tables, of physical partitions. */
export interface Subscription {
  readonly partition: PartitionName
  /** URI of the physical source; undefined: any. */
  readonly physicalUri: string | undefined
  /** Id of the logical source; undefined: every table. */
  readonly sourceId: number | undefined
}

const NAME = parameters.subscriptions
const ANY_URI = 'databus:physical-source:ANY'
const ALL_SOURCES = -1

/**
 * Reads `[{"physicalSource":{"uri":…},"physicalPartition":{"id":…,"name":…},"logicalPartition":{"source":{"id":40}}}]`. The id of a
 * logical partition is not looked at: every source has one.
 * @throws InvalidRequestError
 */
export function parseSubscriptions(request: RequestParameters, text: string): readonly Subscription[] {
  const list = jsonOf(request, NAME, text)
  if (!Array.isArray(list) || list.length === 0) return request.refuse(NAME)
  return list.map((item: unknown) => subscriptionOf(request, item))
}

function subscriptionOf(request: RequestParameters, item: unknown): Subscription {
  const id = memberOf(memberOf(memberOf(item, 'logicalPartition'), 'source'), 'id')
  const partition = partitionNameOf(memberOf(item, 'physicalPartition'))
  const uri = memberOf(memberOf(item, 'physicalSource'), 'uri') ?? ANY_URI
  if (typeof id !== 'number' || !Number.isInteger(id) || partition === undefined || typeof uri !== 'string')
    return request.refuse(NAME)
  const physicalUri = uri === ANY_URI ? undefined : uri
  return { partition, physicalUri, sourceId: id === ALL_SOURCES ? undefined : id }
}
