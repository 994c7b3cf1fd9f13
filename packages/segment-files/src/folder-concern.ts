import { type Logger, messageOf } from '@aesop/kernel'
import { join } from 'node:path'

/** What is wrong with a folder of segments, for people: logged when it comes, and told until it ends. */
export class FolderConcern {
  readonly #what: string
  readonly #folder: string
  readonly #log: Logger
  #fault: unknown
  /** What is said of files that were set aside, by their names. */
  readonly #aside = new Map<string, string>()
  /** Those of them that the folder has by now. */
  readonly #there = new Set<string>()

  /** @param what is kept there, for people */
  constructor(what: string, folder: string, log: Logger) {
    this.#what = what
    this.#folder = folder
    this.#log = log
  }

  /** Why it can't be written to; undefined: it can. */
  get fault(): unknown {
    return this.#fault
  }

  /** Whether it is told of files that were set aside. */
  get hasAside(): boolean {
    return this.#aside.size > 0
  }

  /** Undefined: nothing is wrong. */
  get text(): string | undefined {
    if (this.#fault !== undefined)
      return `the ${this.#what} can not write to ${this.#folder}: ${messageOf(this.#fault)}`
    return [...this.#aside.values()].at(-1)
  }

  failed(error: unknown): void {
    if (this.#fault === undefined) {
      this.#log.error(`the ${this.#what} can not write to ${this.#folder}; the source waits`, {
        error: messageOf(error),
      })
    }
    this.#fault = error
  }

  worked(): void {
    if (this.#fault !== undefined) this.#log.info(`the ${this.#what} can write to ${this.#folder} again`)
    this.#fault = undefined
  }

  damaged(name: string, why: string): void {
    const text = `a segment of the ${this.#what} was set aside as ${join(this.#folder, name)}: ${why}`
    this.#aside.set(name, text)
    this.#log.error(text)
  }

  /** Whole files of something else were set aside under these names: told as damage is, and logged once for all. */
  disowned(names: readonly string[], why: string): void {
    const [first] = names
    if (first === undefined) return
    const files = `${join(this.#folder, first)}${names.length === 1 ? '' : ` and ${names.length - 1} more`}`
    const text = `what the ${this.#what} had was set aside as ${files}: ${why}`
    for (const name of names) this.#aside.set(name, text)
    this.#log.error(text)
  }

  /** The folder has a file of that name now. */
  isThere(name: string): void {
    if (this.#aside.has(name)) this.#there.add(name)
  }

  /** Takes the names that the folder has now: a file that was set aside and is not there any more is told no more. */
  look(names: readonly string[]): void {
    for (const name of this.#aside.keys()) {
      if (!names.includes(name) && this.#there.delete(name)) this.#aside.delete(name)
    }
  }

  /** Somebody has seen it: what was set aside is told no more. */
  acknowledge(): void {
    this.#aside.clear()
    this.#there.clear()
  }
}
