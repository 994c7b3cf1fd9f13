/**
 * A schema id as its four big-endian words, which are compared faster than sixteen bytes.
 * @param id 16 bytes
 */
export function schemaIdWords(id: Buffer): Int32Array {
  return Int32Array.from([0, 4, 8, 12], (at) => id.readInt32BE(at))
}
