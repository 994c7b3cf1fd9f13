import { Checkpoint } from '@aesop/checkpoint'
import { objectOf } from './json-parameter.ts'
import { parameters } from './paths.ts'
import { type PartitionName, partitionNameOf, partitionText } from './physical-partition.ts'
import { type RequestParameters } from './request-parameters.ts'

/** Where a reader stands in each physical partition that it names: the parameter `checkPointMult`. */
export interface StreamPositions {
  readonly checkpoints: readonly PartitionCheckpoint[]
  /** The partition that had the last turn, in an answer over several. */
  readonly cursor: PartitionName | undefined
}

export interface PartitionCheckpoint {
  readonly partition: PartitionName
  readonly checkpoint: Checkpoint
}

const NAME = parameters.checkpointMult
const CURSOR = 'cursorPartition'

/** Reads `{"{\"id\":1,\"name\":\"shop\"}":"<checkpoint>", "cursorPartition":"<partition>"}`. @throws InvalidRequestError */
export function parsePositions(request: RequestParameters, text: string): StreamPositions {
  const { [CURSOR]: cursor, ...byPartition } = objectOf(request, NAME, text)
  const checkpoints = Object.entries(byPartition).map(([partition, checkpoint]) => ({
    partition: partitionOf(request, partition),
    checkpoint: checkpointOf(request, checkpoint),
  }))
  // Two spellings of one partition are two keys.
  const names = new Set(checkpoints.map(({ partition }) => partitionText(partition)))
  if (names.size < checkpoints.length) return request.refuse(NAME)
  return { checkpoints, cursor: cursor === undefined ? undefined : partitionOf(request, cursor) }
}

function partitionOf(request: RequestParameters, text: unknown): PartitionName {
  if (typeof text !== 'string') return request.refuse(NAME)
  return partitionNameOf(objectOf(request, NAME, text)) ?? request.refuse(NAME)
}

function checkpointOf(request: RequestParameters, text: unknown): Checkpoint {
  if (typeof text !== 'string') return request.refuse(NAME)
  return parseCheckpoint(request, NAME, text)
}

/** @throws InvalidRequestError of a text that is no checkpoint */
export function parseCheckpoint(request: RequestParameters, name: string, text: string): Checkpoint {
  try {
    return Checkpoint.parse(text)
  } catch (cause) {
    return request.refuse(name, cause)
  }
}
