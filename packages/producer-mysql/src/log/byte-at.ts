/**
 * The byte at an index where one has to be. Beyond the end there is none: then the event is damaged, and what would be read is no
 * zero. @throws RangeError
 */
export function byteAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index]
  if (byte === undefined) throw new RangeError(`no byte at ${index} of ${bytes.length}`)
  return byte
}

/** For loops over bytes that have to be there: one look in place of one a byte. @throws RangeError */
export function demandBytes(bytes: Uint8Array, from: number, count: number): void {
  if (from + count > bytes.length) throw new RangeError(`no ${count} bytes at ${from} of ${bytes.length}`)
}
