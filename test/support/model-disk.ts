import { type DiskFile, type SegmentDisk } from '@aesop/segment-files'

/** One step that a disk may have done, or not, when the power goes: what was not synced is lost or torn in any combination. */
interface Write {
  readonly at: number
  readonly bytes: Buffer
}

interface Inode {
  /** What a process sees. */
  bytes: Buffer
  /** What outlasts a power cut. */
  durable: Buffer
  pending: Write[]
}

type Chance = () => number

export class PowerCutError extends Error {}
export class DiskFullError extends Error {
  readonly code = 'ENOSPC'
}

/** A folder in memory that loses what a real one may lose. */
export class ModelDisk implements SegmentDisk {
  readonly folder = '/model'
  /** Calls that change something, so far. */
  steps = 0
  /** The call with which the process ends; later ones fail, too. */
  endsAtStep = Infinity
  isFull = false
  syncs = 0
  /** What every step waits for. */
  gate: Promise<void> | undefined
  /** What can not be made safe the next time. */
  failing: 'file' | 'folder' | undefined
  /** Files that are open, and writes that were refused because the disk is full. */
  openFiles = 0
  refusals = 0
  /** Rejected when the process has ended. */
  readonly ended: Promise<never>
  #end: (error: Error) => void = () => undefined
  #names = new Map<string, Inode>()
  #durableNames = new Map<string, Inode>()

  constructor() {
    this.ended = new Promise((_resolve, reject) => (this.#end = reject))
    this.ended.catch(() => undefined)
  }

  take(): Promise<() => Promise<void>> {
    return Promise.resolve(() => Promise.resolve())
  }

  list(): Promise<string[]> {
    return Promise.resolve([...this.#names.keys()])
  }

  async create(name: string): Promise<DiskFile> {
    await this.step()
    const inode: Inode = this.#names.get(name) ?? { bytes: Buffer.alloc(0), durable: Buffer.alloc(0), pending: [] }
    inode.bytes = Buffer.alloc(0)
    inode.durable = Buffer.alloc(0)
    inode.pending = []
    this.#names.set(name, inode)
    this.openFiles++
    return new ModelFile(this, inode)
  }

  open(name: string): Promise<DiskFile> {
    const inode = this.#names.get(name)
    if (inode === undefined) return Promise.reject(Object.assign(new Error(`ENOENT ${name}`), { code: 'ENOENT' }))
    this.openFiles++
    return Promise.resolve(new ModelFile(this, inode))
  }

  async rename(from: string, to: string): Promise<void> {
    await this.step()
    const inode = this.#names.get(from)
    if (inode === undefined) throw Object.assign(new Error(`ENOENT ${from}`), { code: 'ENOENT' })
    this.#names.delete(from)
    this.#names.set(to, inode)
  }

  async remove(name: string): Promise<void> {
    await this.step()
    this.#names.delete(name)
  }

  async sync(): Promise<void> {
    await this.syncStep('folder')
    this.#durableNames = new Map(this.#names)
  }

  /** @throws PowerCutError from the step on with which the process ends */
  async step(): Promise<void> {
    await this.gate
    if (++this.steps < this.endsAtStep) return
    const error = new PowerCutError('the process has ended')
    this.#end(error)
    throw error
  }

  /** A step that makes something safe. */
  async syncStep(what: 'file' | 'folder'): Promise<void> {
    await this.step()
    if (this.failing !== what) return
    this.failing = undefined
    throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' })
  }

  /** What the next process finds when this one was killed: everything that was written, as safe as it was. */
  killed(): ModelDisk {
    const next = new ModelDisk()
    const inodes = new Map<Inode, Inode>()
    const same = (inode: Inode): Inode => {
      const copy = inodes.get(inode) ?? { ...inode, bytes: Buffer.from(inode.bytes), pending: [...inode.pending] }
      inodes.set(inode, copy)
      return copy
    }
    next.#names = new Map([...this.#names].map(([name, inode]) => [name, same(inode)]))
    next.#durableNames = new Map([...this.#durableNames].map(([name, inode]) => [name, same(inode)]))
    return next
  }

  /** What it finds when the power went: of what was not synced any part, in any order, the last bytes of a write perhaps not. */
  afterPowerCut(chance: Chance): ModelDisk {
    const next = new ModelDisk()
    const names = new Map(this.#durableNames)
    for (const [name, inode] of this.#names) if (chance() < 0.5) names.set(name, inode)
    for (const name of this.#durableNames.keys()) if (!this.#names.has(name) && chance() < 0.5) names.delete(name)
    next.#names = copied(names, (inode) => torn(inode, chance))
    next.#durableNames = new Map(next.#names)
    return next
  }

  /** The bytes of a file, to be damaged. */
  bytesOf(name: string): Buffer {
    const inode = this.#names.get(name)
    if (inode === undefined) throw new Error(`there is no ${name}`)
    return inode.bytes
  }

  /** Changes a file behind everybody's back. */
  replace(name: string, bytes: Buffer): void {
    this.#names.set(name, { bytes, durable: bytes, pending: [] })
  }
}

class ModelFile implements DiskFile {
  readonly #disk: ModelDisk
  readonly #inode: Inode

  constructor(disk: ModelDisk, inode: Inode) {
    this.#disk = disk
    this.#inode = inode
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    const copy = Buffer.from(bytes)
    await this.#disk.step()
    if (this.#disk.isFull) this.#disk.refusals++
    if (this.#disk.isFull) throw new DiskFullError('ENOSPC: no space left on device')
    this.#inode.bytes = written(this.#inode.bytes, copy, at)
    this.#inode.pending.push({ at, bytes: copy })
  }

  read(length: number, at: number): Promise<Buffer> {
    return Promise.resolve(Buffer.from(this.#inode.bytes.subarray(at, at + length)))
  }

  size(): Promise<number> {
    return Promise.resolve(this.#inode.bytes.length)
  }

  async sync(): Promise<void> {
    // As Linux has it: what could not be made safe once counts as safe from then on.
    if (this.#disk.failing === 'file') this.#inode.pending = []
    await this.#disk.syncStep('file')
    this.#disk.syncs++
    for (const { at, bytes } of this.#inode.pending.splice(0))
      this.#inode.durable = written(this.#inode.durable, bytes, at)
  }

  close(): Promise<void> {
    this.#disk.openFiles--
    return Promise.resolve()
  }
}

function copied(names: ReadonlyMap<string, Inode>, content: (inode: Inode) => Buffer): Map<string, Inode> {
  return new Map(
    [...names].map(([name, inode]) => {
      const bytes = Buffer.from(content(inode))
      return [name, { bytes, durable: Buffer.from(bytes), pending: [] }]
    }),
  )
}

function torn({ durable, pending }: Inode, chance: Chance): Buffer {
  let bytes: Buffer = Buffer.from(durable)
  for (const write of pending) {
    const fate = chance()
    if (fate < 0.35) continue
    const length = fate < 0.6 ? Math.floor(chance() * write.bytes.length) : write.bytes.length
    bytes = written(bytes, write.bytes.subarray(0, length), write.at)
  }
  return bytes
}

function written(bytes: Buffer, more: Uint8Array, at: number): Buffer {
  const grown =
    at + more.length > bytes.length ? Buffer.concat([bytes, Buffer.alloc(at + more.length - bytes.length)]) : bytes
  grown.set(more, at)
  return grown
}
