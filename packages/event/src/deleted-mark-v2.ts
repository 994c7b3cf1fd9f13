import { AT_ATTRIBUTES, OPCODE_DELETE, OPCODE_MASK } from './event-layout-v2.ts'

/** Makes the first event a DELETE; its header is to be sealed again. */
export function markDeleted(bytes: Buffer): void {
  const others = bytes.readUInt16BE(AT_ATTRIBUTES) & ~OPCODE_MASK
  bytes.writeUInt16BE(others | OPCODE_DELETE, AT_ATTRIBUTES)
}
