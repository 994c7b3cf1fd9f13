import { lengthAt, sealEvents } from '@aesop/event'
import { makePrivateFolder, NEW_FILE, openPrivateFile } from '@aesop/kernel'
import { constants, rmSync } from 'node:fs'
import { type FileHandle, rm } from 'node:fs/promises'
import { join } from 'node:path'

const PIECE_BYTES = 1024 * 1024
/** An event says how long it is in so many bytes. */
const HEAD_BYTES = 16

/** The beginning of a window that is larger than memory: whole events, in a file that is gone when the window is done with. */
export class WindowFile {
  readonly #path: string
  #file: FileHandle | undefined
  #end = 0

  constructor(path: string) {
    this.#path = path
  }

  get length(): number {
    return this.#end
  }

  async append(bytes: Buffer): Promise<void> {
    this.#file ??= await openPrivateFile(this.#path, NEW_FILE - constants.O_WRONLY + constants.O_RDWR)
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, this.#end + at)
      at += bytesWritten
    }
    this.#end += bytes.length
  }

  /** Forgets what is behind this place. */
  cut(length: number): void {
    this.#end = Math.min(this.#end, length)
  }

  /** All of it, some whole events at a time, with the SCN that the window got. */
  async *events(scn: bigint): AsyncGenerator<Buffer> {
    for (let at = 0, wanted = PIECE_BYTES; at < this.#end;) {
      const bytes = Buffer.allocUnsafe(Math.min(wanted, this.#end - at))
      await this.#read(bytes, at)
      const whole = wholeEvents(bytes)
      if (whole === 0) {
        wanted = Math.max(lengthAt(bytes, 0), PIECE_BYTES)
        continue
      }
      sealEvents(bytes, 0, whole, Number(scn >> 32n), Number(BigInt.asIntN(32, scn)))
      yield bytes.subarray(0, whole)
      at += whole
      wanted = PIECE_BYTES
    }
  }

  async remove(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
    await rm(this.#path, { force: true })
  }

  async #read(bytes: Buffer, from: number): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { bytesRead } = (await this.#file?.read(bytes, at, bytes.length - at, from + at)) ?? { bytesRead: 0 }
      if (bytesRead === 0) throw new Error(`${this.#path} is shorter than it was written`)
      at += bytesRead
    }
  }
}

/** Of how many bytes the whole events at the beginning are. */
function wholeEvents(bytes: Buffer): number {
  let end = 0
  while (bytes.length - end >= HEAD_BYTES) {
    const length = lengthAt(bytes, end)
    if (end + length > bytes.length) break
    end += length
  }
  return end
}

/** The files of a source: those of a former process are of no use. */
export class WindowFiles {
  readonly #folder: string
  #made = 0

  constructor(folder: string) {
    this.#folder = folder
    rmSync(folder, { recursive: true, force: true })
  }

  next(): WindowFile {
    makePrivateFolder(this.#folder)
    return new WindowFile(join(this.#folder, `window-${++this.#made}`))
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
