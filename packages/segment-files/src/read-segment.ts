import { SegmentDamagedError } from '@aesop/buffer'
import { systemCodeOf } from '@aesop/kernel'
import { SegmentUnreadableError } from './errors.ts'
import { type OpenHandles } from './open-handles.ts'
import { type PieceMemory } from './piece-memory.ts'
import { HEADER_BYTES } from './segment-header.ts'

/** The disk has lost what it had: trying again gives nothing else. */
const LOST_CODES = new Set(['ENOENT', 'EIO', 'EUCLEAN', 'ELOOP'])

export interface ReadableFile {
  readonly handles: OpenHandles
  readonly name: string
  readonly path: string
  readonly memory: PieceMemory
}

/** Bytes [from, to) of the events of a file. @throws SegmentDamagedError when they are not there, SegmentUnreadableError when they can't be read now */
export async function readSegment(
  { handles, name, path, memory }: ReadableFile,
  from: number,
  to: number,
): Promise<Buffer> {
  let bytes: Buffer
  try {
    bytes = await handles.use(name, (open) => open.read(to - from, HEADER_BYTES + from, memory.take(to - from)))
  } catch (error) {
    const isLost = LOST_CODES.has(systemCodeOf(error) ?? '')
    throw isLost ? new SegmentDamagedError(path, String(error), error) : new SegmentUnreadableError(path, error)
  }
  if (bytes.length === to - from) return bytes
  throw new SegmentDamagedError(path, `it has ${from + bytes.length} bytes of events, expected at least ${to}`)
}
