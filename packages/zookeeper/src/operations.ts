import { type Acl, ACL_CREATOR, readAcl, writeAcl } from './acl.ts'
import { SettingInvalidError } from './errors.ts'
import { opcodes } from './opcodes.ts'
import { type Operation } from './operation.ts'
import { readStat, type Stat } from './stat.ts'

/** What a new node is. A container goes with its last child; one with a TTL when it has no children and was not changed for so long. */
export type NodeMode =
  'persistent' | 'ephemeral' | 'persistent-sequential' | 'ephemeral-sequential' | 'container' | 'ttl' | 'ttl-sequential'

const FLAGS: Readonly<Record<NodeMode, number>> = {
  persistent: 0,
  ephemeral: 1,
  'persistent-sequential': 2,
  'ephemeral-sequential': 3,
  container: 4,
  ttl: 5,
  'ttl-sequential': 6,
}
const TTL_MS_MAX = 2 ** 40 - 1
/** The version that fits every node. */
const ANY_VERSION = -1

export interface CreateOptions {
  /** Default `persistent`. */
  readonly mode?: NodeMode
  /** Default `ACL_CREATOR`. */
  readonly acl?: readonly Acl[]
  /** With the modes of a TTL, and only with those. */
  readonly ttlMs?: number
}

export interface Created {
  readonly path: string
  readonly stat: Stat
}

export interface NodeData {
  readonly data: Buffer
  readonly stat: Stat
}

export interface NodeChildren {
  /** Names, in no order. */
  readonly children: readonly string[]
  readonly stat: Stat
}

/** @throws SettingInvalidError where mode and TTL do not fit */
export function create(path: string, data: Uint8Array, options: CreateOptions = {}): Operation<Created> {
  const { mode = 'persistent', acl = ACL_CREATOR, ttlMs } = options
  checkTtl(mode, ttlMs)
  return {
    opcode: ttlMs !== undefined ? opcodes.createTtl : mode === 'container' ? opcodes.createContainer : opcodes.create2,
    what: `create ${path}`,
    write(writer, chroot) {
      writer.text(mode.endsWith('sequential') ? chroot.wholeOfSequence(path) : chroot.whole(path)).buffer(data)
      writeAcl(writer, acl)
      writer.int(FLAGS[mode])
      if (ttlMs !== undefined) writer.long(BigInt(ttlMs))
    },
    read: (reader, chroot) => ({ path: chroot.own(reader.text('the path')), stat: readStat(reader) }),
  }
}

function checkTtl(mode: NodeMode, ttlMs: number | undefined): void {
  const wants = mode.startsWith('ttl')
  if (!wants && ttlMs !== undefined)
    throw SettingInvalidError.of('mode', mode, 'a node with ttlMs is ttl or ttl-sequential')
  if (wants && !(ttlMs !== undefined && Number.isInteger(ttlMs) && ttlMs > 0 && ttlMs <= TTL_MS_MAX)) {
    throw SettingInvalidError.of('ttlMs', ttlMs ?? 'missing', `a whole number from 1 to ${TTL_MS_MAX} is expected`)
  }
}

/** @param version of the data, left out: any */
export function remove(path: string, version = ANY_VERSION): Operation<undefined> {
  return {
    opcode: opcodes.delete,
    what: `delete ${path}`,
    write: (writer, chroot) => writer.text(chroot.whole(path)).int(version),
    read: () => undefined,
  }
}

export function setData(path: string, data: Uint8Array, version = ANY_VERSION): Operation<Stat> {
  return {
    opcode: opcodes.setData,
    what: `set ${path}`,
    write: (writer, chroot) => writer.text(chroot.whole(path)).buffer(data).int(version),
    read: readStat,
  }
}

export function exists(path: string, watch: boolean): Operation<Stat> {
  return {
    opcode: opcodes.exists,
    what: `exists ${path}`,
    write: (writer, chroot) => writer.text(chroot.whole(path)).bool(watch),
    read: readStat,
  }
}

export function getData(path: string, watch: boolean): Operation<NodeData> {
  return {
    opcode: opcodes.getData,
    what: `get ${path}`,
    write: (writer, chroot) => writer.text(chroot.whole(path)).bool(watch),
    read: (reader) => ({ data: reader.buffer('data'), stat: readStat(reader) }),
  }
}

const NAME_BYTES_MIN = 5

export function getChildren(path: string, watch: boolean): Operation<NodeChildren> {
  return {
    opcode: opcodes.getChildren2,
    what: `children of ${path}`,
    write: (writer, chroot) => writer.text(chroot.whole(path)).bool(watch),
    read: (reader) => ({
      children: reader.vector('children', NAME_BYTES_MIN, () => reader.text('a name')),
      stat: readStat(reader),
    }),
  }
}

export interface NodeAcl {
  readonly acl: readonly Acl[]
  readonly stat: Stat
}

export function getAcl(path: string): Operation<NodeAcl> {
  return {
    opcode: opcodes.getAcl,
    what: `ACL of ${path}`,
    write: (writer, chroot) => writer.text(chroot.whole(path)),
    read: (reader) => ({ acl: readAcl(reader), stat: readStat(reader) }),
  }
}

/** @param aversion of the ACL, left out: any */
export function setAcl(path: string, acl: readonly Acl[], aversion = ANY_VERSION): Operation<Stat> {
  return {
    opcode: opcodes.setAcl,
    what: `set ACL of ${path}`,
    write(writer, chroot) {
      writer.text(chroot.whole(path))
      writeAcl(writer, acl)
      writer.int(aversion)
    },
    read: readStat,
  }
}

export function sync(path: string): Operation<undefined> {
  return {
    opcode: opcodes.sync,
    what: `sync ${path}`,
    write: (writer, chroot) => writer.text(chroot.whole(path)),
    read(reader) {
      reader.text('the path')
      return undefined
    },
  }
}

/** Children and data of the node alone, or of all that is below it as well; it stays until the session ends. */
export type WatchMode = 'persistent' | 'recursive'

export function addWatch(path: string, mode: WatchMode): Operation<undefined> {
  return {
    opcode: opcodes.addWatch,
    what: `watch ${path}`,
    write: (writer, chroot) => writer.text(chroot.whole(path)).int(mode === 'recursive' ? 1 : 0),
    // Nothing in the protocol's description; 3.8 answers with the code once more.
    read: (reader) => (reader.left > 0 ? void reader.int('a code') : undefined),
  }
}

export interface Identity {
  readonly scheme: string
  readonly id: string
}

const IDENTITY_BYTES_MIN = 8

export function whoAmI(): Operation<Identity[]> {
  return {
    opcode: opcodes.whoAmI,
    what: 'whoAmI',
    write: () => undefined,
    read: (reader) =>
      reader.vector('identities', IDENTITY_BYTES_MIN, () => ({
        scheme: reader.text('a scheme'),
        id: reader.text('an id'),
      })),
  }
}

export function closeSession(): Operation<undefined> {
  return { opcode: opcodes.closeSession, what: 'close', write: () => undefined, read: () => undefined }
}
