import { RefusedError, ReplyMalformedError } from './errors.ts'
import { type JuteReader } from './jute-reader.ts'
import { opcodes } from './opcodes.ts'
import { type MultiPart, type Operation } from './operation.ts'

/** The opcode of a part that failed, and of the end. */
const FAILED = -1
/** Error of a part that would have passed, or that comes behind the one that did not. */
const NO_FAULT = new Set([0, -2])

/** The results of a multi, one for each of its parts. */
export type MultiResults<Parts extends readonly MultiPart[]> = {
  -readonly [Part in keyof Parts]: Parts[Part] extends MultiPart<infer Result> ? Result : never
}

/**
 * All parts or none. A refusal names the part that was the cause: the header of such an answer says nothing of it.
 *
 *     request  repeated {int opcode, bool false, int -1, the part's body}, then {-1, true, -1}
 *     answer   repeated {int opcode, bool false, int error, the part's answer, or of opcode -1 int error}, then {-1, true, -1}
 */
export function multi<Parts extends readonly MultiPart[]>(parts: readonly [...Parts]): Operation<MultiResults<Parts>> {
  return {
    opcode: opcodes.multi,
    what: `multi of ${parts.map(({ what }) => what).join(', ')}`,
    write(writer, chroot) {
      for (const part of parts) {
        writer.int(part.opcode).bool(false).int(-1)
        part.write(writer, chroot)
      }
      writer.int(FAILED).bool(true).int(-1)
    },
    read(reader, chroot) {
      let cause: RefusedError | undefined
      const results = parts.map((part) => {
        const opcode = readHead(reader, false)
        if (opcode === part.answeredAs) return part.read(reader, chroot)
        if (opcode !== FAILED) throw ReplyMalformedError.of(part.what, `answered as opcode ${opcode}`)
        const error = reader.int('the error of a part')
        if (!NO_FAULT.has(error)) cause ??= RefusedError.of(`multi refused at ${part.what}`, error)
        return undefined
      })
      readHead(reader, true)
      if (cause !== undefined) throw cause
      return results as MultiResults<Parts>
    },
  }
}

function readHead(reader: JuteReader, isEnd: boolean): number {
  const opcode = reader.int('the opcode of a part')
  const done = reader.bool('the end of a multi')
  if (done !== isEnd)
    throw ReplyMalformedError.of('a multi', isEnd ? 'longer than was asked' : 'shorter than was asked')
  reader.int('the error of a part')
  return opcode
}
