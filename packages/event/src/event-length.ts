import { EventTooLargeError } from './errors.ts'

const LENGTH_MAX = 0x7fffffff

/** @returns the length of an event, when its field can tell it @throws EventTooLargeError */
export function eventLength(bytes: number): number {
  if (bytes > LENGTH_MAX) throw new EventTooLargeError(bytes, LENGTH_MAX)
  return bytes
}
