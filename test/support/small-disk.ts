import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A file system of its own, of so many bytes, that outlives the processes that write to it: a mount, which takes root. */
export class SmallDisk implements Disposable {
  readonly folder: string
  readonly #filler: string

  private constructor(folder: string) {
    this.folder = folder
    this.#filler = join(folder, 'filler')
  }

  /** @throws Error with the command that mounts it, where this user may not */
  static at(folder: string, bytes: number): SmallDisk {
    mkdirSync(folder, { recursive: true })
    run(['mount', '-t', 'tmpfs', '-o', `size=${bytes},mode=700`, 'tmpfs', folder])
    return new SmallDisk(folder)
  }

  /** Takes every byte of it, the last ones, too, as somebody else's file would. */
  fill(): void {
    const file = openSync(this.#filler, 'a')
    for (const bytes of [4096, 1]) while (hasWritten(file, bytes));
    closeSync(file)
  }

  clear(): void {
    rmSync(this.#filler, { force: true })
  }

  [Symbol.dispose](): void {
    run(['umount', '--lazy', this.folder])
  }
}

function hasWritten(file: number, bytes: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(bytes)) > 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}

function run([program, ...args]: readonly [string, ...string[]]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (status === 0) return
  throw new Error(
    `a small disk takes a mount, which this user may not make; run the tests as root, in a container with: --cap-add SYS_ADMIN\n${program} ${args.join(' ')}: ${error?.message ?? stderr}`,
  )
}
