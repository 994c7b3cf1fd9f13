import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { sleep } from '@aesop/kernel'
import { BinlogFileError, binlogFileFault } from '../error/errors.ts'

/** A server that is reset or purges deletes its logs one by one, and its index, before it writes the new one. */
const CHANGING_MS = 5000
const LOOK_MS = 20

/**
 * The index file of a server's logs: one name per line, oldest first. The logs are looked for beside it, wherever the
 * names say that they once were.
 */
export class BinlogIndex {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Names of the logs, oldest first; the index is read anew each time. @throws BinlogFileError, BinlogFilesExhaustedError */
  files(): readonly string[] {
    let text: string
    try {
      text = readFileSync(this.path, 'utf8')
    } catch (error) {
      throw binlogFileFault(this.path, 'the index can not be read', error)
    }
    return text
      .split('\n')
      .map((line) => basename(line.trim().replaceAll('\\', '/')))
      .filter((name) => name !== '')
  }

  pathOf(file: string): string {
    return join(dirname(this.path), file)
  }

  /** Waits while a server changes its logs, at most for 5 s: until the index lists logs, and each of them is there. */
  async settled(stopped?: AbortSignal): Promise<void> {
    const until = performance.now() + CHANGING_MS
    while (!this.isWhole() && performance.now() < until && stopped?.aborted !== true) await sleep(LOOK_MS, stopped)
  }

  private isWhole(): boolean {
    try {
      const files = this.files()
      return files.length > 0 && files.every((file) => existsSync(this.pathOf(file)))
    } catch (error) {
      if (error instanceof BinlogFileError) return false
      throw error
    }
  }

  /** The log after this one; undefined: it is the last. @throws BinlogFileError when the index does not know it */
  after(file: string): string | undefined {
    const files = this.files()
    const at = files.indexOf(file)
    if (at < 0) throw new BinlogFileError(this.path, `the index does not list ${file}: it lists ${show(files)}`)
    return files[at + 1]
  }
}

function show(files: readonly string[]): string {
  if (files.length === 0) return 'no log'
  return files.length === 1 ? (files[0] ?? '') : `${files[0] ?? ''} to ${files.at(-1) ?? ''}`
}
