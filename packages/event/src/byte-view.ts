/*
 * Views for reading and writing numbers: a DataView's accessors compile to one load or store each, a Buffer's to calls.
 * Making one costs more than using it, and whoever decodes into a buffer goes back and forth between two, so the last two
 * are kept.
 */
let newest: DataView = new DataView(new ArrayBuffer(0))
let newestOf: Uint8Array | undefined
let other: DataView = newest
let otherOf: Uint8Array | undefined

/** A view on the same bytes, with the same offsets. */
export function viewOf(bytes: Uint8Array): DataView {
  return bytes === newestOf ? newest : bytes === otherOf ? other : makeView(bytes)
}

function makeView(bytes: Uint8Array): DataView {
  other = newest
  otherOf = newestOf
  newest = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  newestOf = bytes
  return newest
}
