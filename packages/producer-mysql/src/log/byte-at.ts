/**
 * The byte at an index where one has to be. Beyond the end there is none: then the event is damaged, and what would be read is no
 * zero. @throws RangeError
 */
export function byteAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index]
  if (byte === undefined) throw new RangeError(`no byte at ${index} of ${bytes.length}`)
  return byte
}
