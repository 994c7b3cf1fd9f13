import { type CursorPlace } from './buffer-cursor.ts'
import { type Segment } from './segment.ts'

/** Bytes of the visible events from a place to the end, ends of windows among them. */
export function bytesFrom({ segment, offset }: CursorPlace): number {
  let bytes = segment.visibleEnd - offset
  for (let next: Segment | undefined = segment.next; next !== undefined; next = next.next) bytes += next.visibleEnd
  return bytes
}
