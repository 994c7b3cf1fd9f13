import { AT_ATTRIBUTES, ATTRIBUTE_DELETE, ATTRIBUTE_UPSERT } from './event-layout-v1.ts'

/** Makes the first event a DELETE; its header is to be sealed again. */
export function markDeleted(bytes: Buffer): void {
  const others = bytes.readUInt16BE(AT_ATTRIBUTES) & ~(ATTRIBUTE_UPSERT | ATTRIBUTE_DELETE)
  bytes.writeUInt16BE(others | ATTRIBUTE_DELETE, AT_ATTRIBUTES)
}
