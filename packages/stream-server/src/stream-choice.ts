import { Checkpoint } from '@aesop/checkpoint'
import {
  BufferNotFoundError,
  InvalidRequestError,
  isNamed,
  type PartitionName,
  partitionText,
  type PhysicalPartition,
  type StreamPositions,
  type StreamRequest,
} from '@aesop/wire'
import { type StreamSource } from './stream-source.ts'

/** What a stream reads of one physical source, and from where. */
export interface StreamPart {
  readonly source: StreamSource
  /** Ids of the logical sources that are sent. */
  readonly ids: ReadonlySet<number>
  readonly checkpoint: Checkpoint
  /** Names the source in errors; undefined: it is the only one of its server. */
  readonly label: string | undefined
}

/** A logical source, or all tables where its id is undefined, of the physical sources that are named so. */
interface Wanted {
  readonly id: number | undefined
  readonly partition: PartitionName
  readonly uri: string | undefined
}

/**
 * The physical sources that a request means, each with its logical sources and its checkpoint, in the order of turns: by name, then
 * by id. A logical source that several have, which changes of tables are, is that of the partition that its subscription names, else
 * that of each which is meant by something beside it.
 * @param removed who had a logical source that is not served any more, by its id
 * @throws InvalidRequestError, BufferNotFoundError
 */
export function partsOf(
  all: readonly StreamSource[],
  removed: ReadonlyMap<number, string>,
  request: StreamRequest,
): readonly StreamPart[] {
  const chosen = chosenOf(all, removed, request)
  if (request.positions !== undefined) refuseUnknown(all, request.positions)
  else if (chosen.size > 1 && !isWithoutPlace(request)) throw oneCheckpoint([...chosen.keys()])
  return [...chosen]
    .map(([source, ids]) => ({
      source,
      ids,
      checkpoint: checkpointOf(source, request, [...chosen.keys()]),
      label: all.length === 1 ? undefined : source.label,
    }))
    .toSorted((one, other) => order(one.source.served, other.source.served))
}

/** Below 0 where the turn of the one comes before that of the other. */
function order(one: PhysicalPartition, other: PhysicalPartition): number {
  if (one.name === other.name) return one.id - other.id
  return one.name < other.name ? -1 : 1
}

function chosenOf(
  all: readonly StreamSource[],
  removed: ReadonlyMap<number, string>,
  request: StreamRequest,
): Map<StreamSource, Set<number>> {
  const chosen = new Map<StreamSource, Set<number>>()
  const add = (source: StreamSource, ids: Iterable<number>): void => {
    chosen.set(source, new Set([...(chosen.get(source) ?? []), ...ids]))
  }
  const shared: { id: number; owners: readonly StreamSource[] }[] = []
  for (const wanted of wantedOf(request)) {
    const owners = all.filter((source) => isOwner(source, wanted))
    if (owners.length === 0) throw unknown(wanted, request, removed.get(wanted.id ?? -1))
    const { id } = wanted
    if (id === undefined) for (const source of owners) add(source, source.tableIds)
    else if (owners.length > 1) shared.push({ id, owners })
    else for (const source of owners) add(source, [id])
  }
  const besides = new Set(chosen.keys())
  for (const { id, owners } of shared) {
    const meant = owners.filter((source) => besides.has(source))
    if (meant.length === 0) throw ambiguous(id, owners)
    for (const source of meant) add(source, [id])
  }
  return chosen
}

function wantedOf({ sources = [], subscriptions }: StreamRequest): readonly Wanted[] {
  if (subscriptions === undefined)
    return sources.map((id) => ({ id, partition: { id: undefined, name: undefined }, uri: undefined }))
  return subscriptions.map(({ sourceId, partition, physicalUri }) => ({ id: sourceId, partition, uri: physicalUri }))
}

function isOwner(source: StreamSource, { id, partition, uri }: Wanted): boolean {
  if (!isNamed(source.served, partition) || (uri ?? source.served.uri) !== source.served.uri) return false
  return id === undefined || source.ids.has(id)
}

/** Whether it begins where each source is, whichever that is. */
function isWithoutPlace({ checkpoint, fromLatestScn }: StreamRequest): boolean {
  return fromLatestScn || checkpoint.isFlexible
}

/** The one that names the source most closely; flexible, where none does. */
function checkpointOf(source: StreamSource, request: StreamRequest, chosen: readonly StreamSource[]): Checkpoint {
  const { positions, checkpoint } = request
  if (positions === undefined) return checkpoint
  const named = positions.checkpoints
    .filter(({ partition }) => isNamed(source.served, partition))
    .toSorted((one, other) => closeness(other.partition) - closeness(one.partition))[0]
  if (named === undefined) return Checkpoint.flexible()
  const ofNamed = chosen.filter(({ served }) => isNamed(served, named.partition))
  if (ofNamed.length > 1 && !named.checkpoint.isFlexible && !request.fromLatestScn) throw oneCheckpoint(ofNamed)
  return named.checkpoint
}

function closeness({ id, name }: PartitionName): number {
  return (id === undefined ? 0 : 1) + (name === undefined ? 0 : 1)
}

function refuseUnknown(all: readonly StreamSource[], { checkpoints, cursor }: StreamPositions): void {
  const named = [...checkpoints.map(({ partition }) => partition), ...(cursor === undefined ? [] : [cursor])]
  const unknownOne = named.find((partition) => !all.some(({ served }) => isNamed(served, partition)))
  if (unknownOne === undefined) return
  throw new InvalidRequestError(
    `Invalid value for stream.checkPointMult: ${partitionText(unknownOne)} is none of its physical partitions: ${labels(all, ', ')}`,
  )
}

function oneCheckpoint(sources: readonly StreamSource[]): InvalidRequestError {
  return new InvalidRequestError(
    `Invalid value for stream.checkPoint: the request is of ${labels(sources)}, whose SCNs have nothing in common, and one checkPoint names no place in all of them; give checkPointMult a checkpoint for each, or ask for each by itself`,
    { remedy: 'Give checkPointMult a checkpoint for each physical partition, or ask for each by itself.' },
  )
}

function ambiguous(id: number, owners: readonly StreamSource[]): InvalidRequestError {
  return new InvalidRequestError(
    `Invalid value for stream.sources: ${id}: of ${labels(owners)}; each has its own: ask for a table beside it, or name the physicalPartition in subs`,
    { fields: { id } },
  )
}

function unknown(
  { id, partition, uri }: Wanted,
  { subscriptions }: StreamRequest,
  formerOwner: string | undefined,
): BufferNotFoundError | InvalidRequestError {
  if (id !== undefined && formerOwner !== undefined) return removedError(id, formerOwner)
  const what = id === undefined ? 'all' : String(id)
  const where = uri === undefined ? partitionText(partition) : `${partitionText(partition)} (${uri})`
  const text = subscriptions === undefined ? `sources: ${what}` : `subs: ${what} of ${where}`
  return new InvalidRequestError(`Invalid value for stream.${text}`, { fields: { id } })
}

/** A logical source that is not served any more: it may come back, and who asks again finds it then. */
export function removedError(id: number, formerOwner: string): BufferNotFoundError {
  const message = `there is no buffer with source ${id} any more: ${formerOwner} was removed from this relay`
  return new BufferNotFoundError(message, { fields: { id, formerOwner } })
}

function labels(sources: readonly StreamSource[], between = ' and '): string {
  return sources.map(({ label }) => label).join(between)
}
