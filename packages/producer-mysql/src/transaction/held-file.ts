import { constants, rmSync } from 'node:fs'
import { type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { makePrivateFolder, openPrivateFile } from '@aesop/kernel'
import { XaFileError } from '../error/xa-errors.ts'

export const BLOCK_BYTES = 256 * 1024

/** What stands in one block of the file. */
export interface HeldPiece {
  readonly block: number
  readonly bytes: number
  readonly crc: number
}

/** Files of one process have names of their own, for as long as they have any. */
let opened = 0

/**
 * What waits on disk: blocks of one file without a name, which ends with the process, or when no block is in use any more.
 * Writes go one after the other, and a read comes behind all of them.
 */
export class HeldFile {
  readonly #folder: string
  /** Blocks that were in use and are not. */
  #free: number[] = []
  #blocks = 0
  #file: Promise<FileHandle> | undefined
  /** The writes that are under way; it never rejects unheard. */
  #writes: Promise<void> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Begins to write. @returns where it lies */
  put(bytes: Buffer): HeldPiece[] {
    const pieces: HeldPiece[] = []
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
      const part = bytes.subarray(at, at + BLOCK_BYTES)
      const block = this.#free.pop() ?? this.#blocks++
      pieces.push({ block, bytes: part.length, crc: crc32(part) })
      this.#begin(this.#append(part, block * BLOCK_BYTES, this.#writes))
    }
    return pieces
  }

  /** Waits until everything is written; undefined: it is. @throws XaFileError */
  whenWritten(): Promise<void> | undefined {
    return this.#writes
  }

  /** @throws XaFileError also when it is not what was written */
  async read({ block, bytes, crc }: HeldPiece): Promise<Buffer> {
    const file = this.#file
    await this.#writes
    const piece = Buffer.allocUnsafe(bytes)
    const read = await this.#fill(file, piece, block * BLOCK_BYTES)
    if (read === bytes && crc32(piece) === crc) return piece
    throw new XaFileError(this.#folder, `are not what was written: ${bytes} bytes at ${block * BLOCK_BYTES}`)
  }

  /** Nobody reads this block again. */
  free(block: number): void {
    this.#free.push(block)
    if (this.#free.length === this.#blocks) this.#close()
  }

  #begin(write: Promise<void>): void {
    const writes = write.then(() => {
      if (this.#writes === writes) this.#writes = undefined
    })
    // Whoever waits for it, or reads, is told.
    writes.catch(() => undefined)
    this.#writes = writes
  }

  async #append(bytes: Buffer, position: number, before: Promise<void> | undefined): Promise<void> {
    const file = (this.#file ??= this.#open())
    await before
    try {
      const handle = await file
      for (let at = 0; at < bytes.length;) {
        at += (await handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten
      }
    } catch (cause) {
      throw new XaFileError(this.#folder, `can not be written: ${bytes.length} bytes at ${position}`, cause)
    }
  }

  async #fill(file: Promise<FileHandle> | undefined, piece: Buffer, position: number): Promise<number> {
    try {
      const handle = await file
      let at = 0
      for (let read = -1; read !== 0 && at < piece.length; at += read) {
        read = (await handle?.read(piece, at, piece.length - at, position + at))?.bytesRead ?? 0
      }
      return at
    } catch (cause) {
      throw new XaFileError(this.#folder, `can not be read: ${piece.length} bytes at ${position}`, cause)
    }
  }

  async #open(): Promise<FileHandle> {
    makePrivateFolder(this.#folder)
    const path = join(this.#folder, String(++opened))
    const handle = await openPrivateFile(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL)
    // From here on it is gone with the last who has it open: no crash leaves it.
    rmSync(path)
    return handle
  }

  #close(): void {
    void closeAfter(this.#writes, this.#file)
    this.#file = undefined
    this.#writes = undefined
    this.#free = []
    this.#blocks = 0
  }
}

async function closeAfter(writes: Promise<void> | undefined, file: Promise<FileHandle> | undefined): Promise<void> {
  try {
    await writes
  } catch {
    // What failed is not wanted any more.
  }
  try {
    await (await file)?.close()
  } catch {
    // It could not be opened, or ends with the process.
  }
}

/** Removes what a process left that died between the making of a file and the loss of its name. */
export function clearHeldFiles(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
