import { constants, fstatSync, fsyncSync, readSync, writeSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { formatJson, makePrivateFolder, namedPath, parseJson, withPrivateFile } from '@aesop/kernel'
import { CheckpointUnwritableError } from './errors.ts'
import { readState } from './read-state.ts'

/** One line of the journal. What is not known is left out. */
export interface JournalEntry {
  /** ISO 8601. */
  readonly time: string
  readonly kind: 'source' | 'registration'
  readonly name: string
  /** `pass`: somebody asked to go past a transaction; `passed`: the source met it and went past it; `release`: see `Quarantine`. */
  readonly what: 'set' | 'reset' | 'pass' | 'passed' | 'release'
  readonly reason: string
  readonly who: string
  readonly fromScn?: bigint
  readonly toScn?: bigint
  readonly file?: string
  readonly position?: number
  readonly gtid?: string
  /** Of a transaction: CRC-32 of its first event, which tells it from another one at the same place of another log. */
  readonly crc?: number
  /** Of a transaction that was passed over: table → number of its events that hold rows. */
  readonly rowsEvents?: Readonly<Record<string, number>>
  /** Of a release: the logical source whose rows were left out, why, and how many, as far as they could be counted. */
  readonly source?: string
  readonly fault?: string
  readonly rows?: number
  readonly uncountedEvents?: number
}

/** A line that can't be read any more, as it stands in the file. */
export interface UnreadableEntry {
  readonly unreadable: string
}

/**
 * What was changed by hand or passed over, one JSON object a line, in
 * `<state directory>/passed-over/<physical source>.jsonl` and `…/passed-over/registrations/<registration>.jsonl`. A line
 * is appended and on disk before `append` returns; nothing is ever removed. A line that a crash cut is left as it is: the
 * next one begins on a line of its own.
 */
export class PlaceJournal {
  readonly path: string
  readonly #kind: JournalEntry['kind']
  readonly #name: string

  constructor(stateDirectory: string, kind: JournalEntry['kind'], name: string) {
    const folder = join(stateDirectory, 'passed-over', ...(kind === 'source' ? [] : ['registrations']))
    this.path = namedPath(folder, name, '.jsonl')
    this.#kind = kind
    this.#name = name
  }

  /** @throws CheckpointUnwritableError */
  append(entry: Omit<JournalEntry, 'time' | 'kind' | 'name' | 'who'>, who = whoAsks()): void {
    const time = new Date().toISOString()
    const line = formatJson({ time, kind: this.#kind, name: this.#name, ...entry, who })
    try {
      appendLine(this.path, line)
    } catch (error) {
      throw new CheckpointUnwritableError(this.path, error)
    }
  }

  /** Oldest first. @throws StateUnopenableError */
  entries(): (JournalEntry | UnreadableEntry)[] {
    const lines = (readState(this.path) ?? '').split('\n')
    return lines.filter((line) => line.trim() !== '').map(parseEntry)
  }
}

function parseEntry(line: string): JournalEntry | UnreadableEntry {
  try {
    const value = parseJson(line)
    if (typeof value === 'object' && value !== null && 'what' in value) return value as JournalEntry
  } catch {
    // What it was is gone; that there was something is shown.
  }
  return { unreadable: line }
}

function appendLine(path: string, line: string): void {
  makePrivateFolder(dirname(path))
  withPrivateFile(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, (file) => {
    const { size } = fstatSync(file)
    const last = Buffer.alloc(1, '\n')
    if (size > 0) readSync(file, last, 0, 1, size - 1)
    writeSync(file, `${last.toString() === '\n' ? '' : '\n'}${line}\n`)
    fsyncSync(file)
  })
}

function whoAsks(): string {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    // A container may run under a number that has no name.
    return `user ${process.getuid?.() ?? ''}@${hostname()}`
  }
}
