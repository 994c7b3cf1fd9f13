import { type JuteReader } from './jute-reader.ts'
import { JuteWriter } from './jute-writer.ts'
import { type Chroot } from './node-path.ts'

/** One request, and how its answer is read; the same alone and within a multi. */
export interface Operation<Result> {
  readonly opcode: number
  /** For messages, as `set /a`. */
  readonly what: string
  /** @throws PathInvalidError */
  write(writer: JuteWriter, chroot: Chroot): void
  /** @throws ReplyMalformedError */
  read(reader: JuteReader, chroot: Chroot): Result
}

/** An operation that a multi may have. */
export interface MultiPart<Result = unknown> extends Operation<Result> {
  /** The opcode that its answer bears. */
  readonly answeredAs: number
}

/** int xid, int opcode, body. @throws PathInvalidError */
export function packetOf(operation: Operation<unknown>, xid: number, chroot: Chroot): Buffer {
  const writer = new JuteWriter().int(xid).int(operation.opcode)
  operation.write(writer, chroot)
  return writer.packet()
}
