/** A second, independent encoder: bytes are put together one field after the other, and the CRC is computed bit by bit. */
export interface NaiveEvent {
  opcode?: 'UPSERT' | 'DELETE'
  key: bigint | string
  scn: bigint
  physicalPartition: number
  logicalPartition: number
  timestampNanos: bigint
  sourceId: number
  schemaId: Uint8Array
  value: Uint8Array
}

export function naiveEvent(event: NaiveEvent): Buffer {
  const key = typeof event.key === 'string' ? [...Buffer.from(event.key, 'utf8')] : undefined
  const keyPart = key === undefined ? integer(event.key as bigint, 8) : [...integer(BigInt(key.length), 4)]
  const checked = [...(key ?? []), ...event.value]
  let attributes = 0
  if (event.opcode === 'UPSERT') attributes |= 1
  if (event.opcode === 'DELETE') attributes |= 2
  if (key !== undefined) attributes |= 8
  const fromLength = (length: number): number[] => [
    ...integer(BigInt(length), 4),
    ...integer(BigInt(attributes), 2),
    ...integer(event.scn, 8),
    ...integer(BigInt(event.physicalPartition), 2),
    ...integer(BigInt(event.logicalPartition), 2),
    ...integer(event.timestampNanos, 8),
    ...integer(BigInt(event.sourceId), 2),
    ...event.schemaId,
    ...integer(BigInt(naiveCrc(checked)), 4),
    ...keyPart,
  ]
  const header = fromLength(5 + fromLength(0).length + checked.length)
  return Buffer.from([0, ...integer(BigInt(naiveCrc(header)), 4), ...header, ...checked])
}

/** The same of version 2. */
export function naiveEventV2(event: NaiveEvent): Buffer {
  const key = typeof event.key === 'string' ? [...Buffer.from(event.key, 'utf8')] : undefined
  const keyPart = key === undefined ? integer(event.key as bigint, 8) : [...integer(BigInt(key.length), 4), ...key]
  const body = [...integer(BigInt(event.value.length), 4), 0, 0, ...event.schemaId, ...event.value]
  const header = [
    ...integer(BigInt(naiveCrc(body)), 4),
    ...integer(BigInt(45 + keyPart.length + body.length), 4),
    0,
    (event.opcode === 'DELETE' ? 2 : 1) + (key === undefined ? 4 : 8) + 0x80,
    ...integer(event.timestampNanos, 8),
    ...integer(BigInt(event.sourceId), 4),
    ...integer(BigInt(event.physicalPartition), 2),
    ...integer(event.scn, 8),
    ...keyPart,
  ]
  const start = [2, 0xca, 0xfe, 0xde, 0xed, ...integer(BigInt(45 + keyPart.length), 4)]
  return Buffer.from([...start, ...integer(BigInt(naiveCrc(header)), 4), ...header, ...body])
}

export function naiveCrc(bytes: Iterable<number>): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return crc >>> 0
}

function integer(value: bigint, bytes: number): number[] {
  const result: number[] = []
  for (let i = bytes - 1; i >= 0; i--) result.push(Number((value >> BigInt(8 * i)) & 0xffn))
  return result
}
