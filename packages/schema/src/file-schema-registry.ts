import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { fileNameOf, systemCodeOf, textOfFileName, writeFileAtomically } from '@aesop/kernel'

import { SchemaInvalidError, SchemaRegistryUnreadableError, SchemaRegistryUnwritableError } from './errors.ts'
import { MemorySchemaRegistry } from './memory-schema-registry.ts'
import { readSchemaHistory, writeSchemaHistory } from './schema-history-file.ts'
import { type RegisteredSchema, type SchemaRegistry, type SchemaSpan } from './schema-registry.ts'

const FILE_NAME = /^(.+)\.(\d+)\.avsc$/
const CUT_NAME = /^.{135}~[0-9a-f]{64}$/

export interface FileSchemaRegistryOptions {
  /** Folder of hand-written schemas; read once, never written. One that is missing counts as empty. */
  readonly handWritten?: string
  /** Folder where derived schemas are kept; read at first and written by `register`. */
  readonly derived: string
}

/**
 * Schemas as files named `<logical source>.<version>.avsc`, the layout of Databus. The source's name is written as `fileNameOf`
 * writes it; one that stands there as it is, as Databus and former versions wrote it, is read, too. The text of a
 * file is served as it is, without a last newline. A source that has hand-written schemas uses those alone.
 */
export class FileSchemaRegistry implements SchemaRegistry {
  readonly #memory = new MemorySchemaRegistry({
    keep: (schema) => {
      this.#keep(schema)
    },
    keepHistory: (source, history) => {
      this.#keepHistory(source, history)
    },
  })
  readonly #derived: string
  readonly #handWrittenSources: ReadonlySet<string>

  /** @throws SchemaInvalidError, SchemaRegistryUnreadableError */
  constructor(options: FileSchemaRegistryOptions) {
    this.#derived = options.derived
    const handWritten = options.handWritten === undefined ? [] : this.#load(options.handWritten)
    this.#handWrittenSources = new Set(handWritten)
    if (options.derived === options.handWritten) return
    const derived = this.#load(options.derived, this.#handWrittenSources)
    for (const source of new Set(derived)) this.#loadHistory(source)
  }

  /** Whether people wrote the schemas of this source: then they are obeyed and none is derived. */
  isHandWritten(source: string): boolean {
    return this.#handWrittenSources.has(keyOf(source))
  }

  versions(source: string): readonly RegisteredSchema[] {
    return this.#memory.versions(keyOf(source))
  }

  latest(source: string): RegisteredSchema | undefined {
    return this.#memory.latest(keyOf(source))
  }

  byId(idHex: string): RegisteredSchema | undefined {
    return this.#memory.byId(idHex)
  }

  get revision(): number {
    return this.#memory.revision
  }

  history(source: string): readonly SchemaSpan[] {
    return this.#memory.history(keyOf(source))
  }

  revisionOf(source: string): number {
    return this.#memory.revisionOf(keyOf(source))
  }

  register(source: string, text: string, sinceScn?: bigint): RegisteredSchema {
    return this.#memory.register(keyOf(source), text, sinceScn)
  }

  takeOver(source: string, version: number, text: string): RegisteredSchema {
    return this.#memory.takeOver(keyOf(source), version, text)
  }

  forgetHistory(source: string): void {
    this.#memory.forgetHistory(keyOf(source))
  }

  #keep({ source, version, text }: RegisteredSchema): void {
    const path = join(this.#derived, `${stemOf(source)}.${version}.avsc`)
    writing(path, () => {
      writeFileAtomically(path, `${text}\n`)
    })
  }

  #keepHistory(source: string, history: readonly SchemaSpan[]): void {
    const path = this.#historyPath(source)
    writing(path, () => {
      writeSchemaHistory(path, history)
    })
  }

  #historyPath(source: string): string {
    return join(this.#derived, `${stemOf(source)}.history.json`)
  }

  #loadHistory(source: string): void {
    const path = this.#historyPath(source)
    try {
      this.#memory.addHistory(source, readSchemaHistory(path))
    } catch (error) {
      throw new SchemaRegistryUnreadableError(path, error)
    }
  }

  #load(folder: string, except: ReadonlySet<string> = new Set()): string[] {
    const files = list(folder).flatMap((name) => {
      const [, stem, version] = FILE_NAME.exec(name) ?? []
      if (stem === undefined || version === undefined) return []
      const source = CUT_NAME.test(stem) ? stem : keyOf(textOfFileName(stem))
      return except.has(source) ? [] : [{ path: join(folder, name), source, version: Number(version) }]
    })
    // Versions that are equal and follow each other are one: only in their order is it known which do.
    files.sort((a, b) => a.version - b.version)
    for (const { path, source, version } of files) this.#addFile(path, source, version)
    return files.map(({ source }) => source)
  }

  #addFile(path: string, source: string, version: number): void {
    let text: string
    try {
      text = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
    } catch (error) {
      throw new SchemaRegistryUnreadableError(path, error)
    }
    try {
      this.#memory.add(source, version, text)
    } catch (error) {
      throw error instanceof SchemaInvalidError ? new SchemaInvalidError(path, error.message, error) : error
    }
  }
}

/** The name of a source; of one whose file's name is cut, that name, because no more is known when the file is read. */
function keyOf(source: string): string {
  const name = fileNameOf(source)
  return CUT_NAME.test(name) ? name : source
}

/** What the names of a source's files begin with. */
function stemOf(key: string): string {
  return CUT_NAME.test(key) ? key : fileNameOf(key)
}

function writing(path: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    throw new SchemaRegistryUnwritableError(path, error)
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return []
    throw new SchemaRegistryUnreadableError(folder, error)
  }
}
