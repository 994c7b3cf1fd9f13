import { type JuteReader } from './jute-reader.ts'
import { type Chroot } from './node-path.ts'

const TYPES = { 1: 'created', 2: 'deleted', 3: 'changed', 4: 'children' } as const

/**
 * What may have changed: a hint, and the state is to be read again. `reconnected` comes to watches that stay: what changed while the session had no
 * server is not told to them.
 */
export interface WatchEvent {
  readonly type: (typeof TYPES)[keyof typeof TYPES] | 'reconnected'
  readonly path: string
}

/** undefined: it is of the session, or of a kind that is not known. @throws ReplyMalformedError */
export function readWatchEvent(reader: JuteReader, chroot: Chroot): WatchEvent | undefined {
  const type = reader.int('the type of a notification')
  reader.int('the state of a notification')
  const path = chroot.own(reader.text('the path of a notification'))
  return type in TYPES ? { type: TYPES[type as keyof typeof TYPES], path } : undefined
}
