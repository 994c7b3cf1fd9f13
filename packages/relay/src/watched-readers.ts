import { type ProcessReader } from '@aesop/checkpoint'
import { type KnownReader } from '@aesop/stream-server'

/** Who reads a physical source, or will go on to: where it stands, and whether the source's log serves it now. */
export type WatchedReader = Omit<KnownReader, 'physicalSource'>

/** Where registrations of this process come from. */
const THIS_PROCESS = 'this process'

/**
 * Those that a buffer may lose: who has a stream, who had one, and registrations of the process that have none.
 * @param isAwaited whether the buffer is full rather than that one loses something
 */
export function watchedReaders(
  known: readonly WatchedReader[],
  own: readonly ProcessReader[],
  isAwaited: (id: string) => boolean,
): WatchedReader[] {
  const clients = new Set(known.map(({ client }) => client))
  const resting = own.flatMap(({ id: client, checkpointScn }) =>
    clients.has(client) || checkpointScn === undefined
      ? []
      : [{ client, peer: THIS_PROCESS, scn: checkpointScn, isLate: false }],
  )
  return [...known, ...resting].filter(({ client }) => !isAwaited(client))
}
