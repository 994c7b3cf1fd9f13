import { type FolderHolder, FolderLock, makePrivateFolder } from '@aesop/kernel'
import { constants } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** What segment files ask of a folder. Each promise may be rejected with the system's error. */
export interface SegmentDisk {
  /** For messages. */
  readonly folder: string
  /**
   * Makes the folder where it is missing, and takes it for one user at a time, until its process ends.
   * @param what uses it, for whoever is refused
   * @returns how to let it go, or who has it
   */
  take(what: string): Promise<(() => Promise<void>) | FolderHolder>
  /** @returns the names of its files */
  list(): Promise<string[]>
  /** A new file; one that is there is emptied. */
  create(name: string): Promise<DiskFile>
  /** @param how left out: to be written to, too */
  open(name: string, how?: 'read'): Promise<DiskFile>
  rename(from: string, to: string): Promise<void>
  /** Harmless for one that is not there. */
  remove(name: string): Promise<void>
  /** Which files there are outlasts a power cut from now on. */
  sync(): Promise<void>
}

export interface DiskFile {
  /** Writes all of them. */
  write(bytes: Uint8Array, at: number): Promise<void>
  /**
   * @param into where the bytes may be put, of that length; left out: memory of their own
   * @returns as many bytes as are there, at most that many
   */
  read(length: number, at: number, into?: Buffer): Promise<Buffer>
  size(): Promise<number>
  /** What was written outlasts a power cut from now on. */
  sync(): Promise<void>
  close(): Promise<void>
}

const FILE_MODE = 0o600
const LOCK_FOLDER = '.lock'

/** A folder of the file system, for this user alone. Symbolic links are not followed. */
export class NodeDisk implements SegmentDisk {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  async take(what: string): Promise<(() => Promise<void>) | FolderHolder> {
    makePrivateFolder(this.folder)
    const lock = await FolderLock.take(join(this.folder, LOCK_FOLDER), what)
    return 'release' in lock ? () => lock.release() : lock
  }

  list(): Promise<string[]> {
    return readdir(this.folder)
  }

  create(name: string): Promise<DiskFile> {
    return this.#open(name, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC)
  }

  open(name: string, how?: 'read'): Promise<DiskFile> {
    return this.#open(name, how === 'read' ? constants.O_RDONLY : constants.O_RDWR)
  }

  rename(from: string, to: string): Promise<void> {
    return rename(join(this.folder, from), join(this.folder, to))
  }

  remove(name: string): Promise<void> {
    return rm(join(this.folder, name), { force: true })
  }

  async sync(): Promise<void> {
    const handle = await open(this.folder, constants.O_RDONLY)
    await handle.sync().finally(() => handle.close())
  }

  async #open(name: string, flags: number): Promise<DiskFile> {
    return new NodeFile(await open(join(this.folder, name), flags | constants.O_NOFOLLOW, FILE_MODE))
  }
}

class NodeFile implements DiskFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, at + done)
      done += bytesWritten
    }
  }

  async read(length: number, at: number, bytes = Buffer.allocUnsafeSlow(length)): Promise<Buffer> {
    let done = 0
    while (done < length) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, at + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return bytes.subarray(0, done)
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
