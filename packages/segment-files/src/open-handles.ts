import { type DiskFile, type SegmentDisk } from './segment-disk.ts'

interface Handle {
  readonly opened: Promise<DiskFile>
  users: number
  /** The last who uses it closes it. */
  isForgotten: boolean
  /** It stays open until it is forgotten. */
  isKept: boolean
}

const HANDLES_MIN = 64
const HANDLES_MAX = 256
/** A process that may open as many times more files has them for its connections, too. */
const SHARE = 32

/**
 * How many segment files of one buffer may stay open, of the files that its process may open: 256 are all of a buffer of 16 GiB. Opening
 * and closing one costs a reader at an old place as much as a third of what it reads there.
 * @param openFiles undefined: nobody knows
 */
export function handlesMax(openFiles: number | undefined): number {
  if (openFiles === undefined) return HANDLES_MIN
  return Math.min(HANDLES_MAX, Math.max(HANDLES_MIN, Math.floor(openFiles / SHARE)))
}

/** Files that are open: those used last, so that a thousand segments need no thousand descriptors. */
export class OpenHandles {
  readonly #disk: SegmentDisk
  readonly #max: number
  /** By name, the one used last at the end. */
  readonly #handles = new Map<string, Handle>()

  constructor(disk: SegmentDisk, max: number) {
    this.#disk = disk
    this.#max = max
  }

  /** Takes over a file that was made, perhaps not for the first time. */
  add(name: string, file: DiskFile): void {
    this.forget(name)
    this.#handles.set(name, newHandle(Promise.resolve(file)))
    this.#closeOldest()
  }

  /** @throws the system's error */
  async use<Result>(name: string, work: (file: DiskFile) => Promise<Result>): Promise<Result> {
    const handle = this.#handles.get(name) ?? newHandle(this.#disk.open(name))
    this.#handles.delete(name)
    this.#handles.set(name, handle)
    handle.users++
    try {
      return await work(await handle.opened)
    } catch (error) {
      // One that could not be opened is opened anew next time.
      await handle.opened.catch(() => this.#handles.get(name) === handle && this.#handles.delete(name))
      throw error
    } finally {
      handle.users--
      if (handle.isForgotten && handle.users === 0) close(handle)
      this.#closeOldest()
    }
  }

  /** Keeps it open until it is forgotten: it can be read on when it is removed. @throws the system's error */
  keep(name: string): Promise<void> {
    return this.use(name, () => {
      const handle = this.#handles.get(name)
      if (handle !== undefined) handle.isKept = true
      return Promise.resolve()
    })
  }

  /** Closes it once nobody uses it; who reads from it meanwhile reads on, though the file is removed. */
  forget(name: string): void {
    const handle = this.#handles.get(name)
    if (handle === undefined) return
    this.#handles.delete(name)
    handle.isForgotten = true
    if (handle.users === 0) close(handle)
  }

  async closeAll(): Promise<void> {
    const handles = [...this.#handles.values()]
    this.#handles.clear()
    for (const { opened } of handles) await opened.then((file) => file.close()).catch(() => undefined)
  }

  #closeOldest(): void {
    for (const [name, handle] of this.#handles) {
      if (this.#handles.size <= this.#max) return
      if (handle.users > 0 || handle.isKept) continue
      this.#handles.delete(name)
      close(handle)
    }
  }
}

function newHandle(opened: Promise<DiskFile>): Handle {
  return { opened, users: 0, isForgotten: false, isKept: false }
}

/** Nothing depends on it: what was written is written. */
function close({ opened }: Handle): void {
  void opened.then((file) => file.close()).catch(() => undefined)
}
