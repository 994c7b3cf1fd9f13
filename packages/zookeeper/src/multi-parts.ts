import { opcodes } from './opcodes.ts'
import { type MultiPart } from './operation.ts'
import { create, type CreateOptions, remove, setData } from './operations.ts'
import { readStat, type Stat } from './stat.ts'

/** What a multi is made of. */
export const parts = {
  /** Gives the path alone: servers do not say more of it there. */
  create(path: string, data: Uint8Array, options: CreateOptions = {}): MultiPart<string> {
    const alone = create(path, data, options)
    const isPlain = alone.opcode === opcodes.create2
    return {
      ...alone,
      opcode: isPlain ? opcodes.create : alone.opcode,
      answeredAs: isPlain ? opcodes.create : opcodes.create2,
      read(reader, chroot) {
        const created = chroot.own(reader.text('the path'))
        if (!isPlain) readStat(reader)
        return created
      },
    }
  },

  remove(path: string, version?: number): MultiPart<undefined> {
    return { ...remove(path, version), answeredAs: opcodes.delete }
  },

  setData(path: string, data: Uint8Array, version?: number): MultiPart<Stat> {
    return { ...setData(path, data, version), answeredAs: opcodes.setData }
  },

  /** All of it is refused where the node has another version, or is not there. */
  check(path: string, version: number): MultiPart<undefined> {
    return {
      opcode: opcodes.check,
      answeredAs: opcodes.check,
      what: `check ${path}`,
      write: (writer, chroot) => writer.text(chroot.whole(path)).int(version),
      read: () => undefined,
    }
  },
}
