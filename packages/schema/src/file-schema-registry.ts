import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { fileNameOf, systemCodeOf, textOfFileName, writeFileAtomically } from '@aesop/kernel'

import { SchemaInvalidError, SchemaRegistryUnreadableError, SchemaRegistryUnwritableError } from './errors.ts'
import { makeSchema, MemorySchemaRegistry, normalTextOf } from './memory-schema-registry.ts'
import { type RegisteredSchema, type SchemaRegistry } from './schema-registry.ts'

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
  readonly #memory = new MemorySchemaRegistry()
  readonly #derived: string
  readonly #handWrittenSources: ReadonlySet<string>

  /** @throws SchemaInvalidError, SchemaRegistryUnreadableError */
  constructor(options: FileSchemaRegistryOptions) {
    this.#derived = options.derived
    const handWritten = options.handWritten === undefined ? [] : this.#load(options.handWritten)
    this.#handWrittenSources = new Set(handWritten)
    if (options.derived !== options.handWritten) this.#load(options.derived, this.#handWrittenSources)
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

  register(source: string, text: string): RegisteredSchema {
    const normal = normalTextOf(text)
    const known = this.#memory.known(keyOf(source), normal)
    if (known !== undefined) return known
    const version = (this.latest(source)?.version ?? 0) + 1
    makeSchema(source, version, normal)
    const path = join(this.#derived, `${fileNameOf(source)}.${version}.avsc`)
    try {
      writeFileAtomically(path, `${normal}\n`)
    } catch (error) {
      throw new SchemaRegistryUnwritableError(path, error)
    }
    return this.#memory.add(keyOf(source), version, normal)
  }

  #load(folder: string, except: ReadonlySet<string> = new Set()): string[] {
    return list(folder).flatMap((name) => {
      const [, stem, version] = FILE_NAME.exec(name) ?? []
      if (stem === undefined || version === undefined) return []
      const source = CUT_NAME.test(stem) ? stem : keyOf(textOfFileName(stem))
      if (except.has(source)) return []
      this.#addFile(join(folder, name), source, Number(version))
      return [source]
    })
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

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return []
    throw new SchemaRegistryUnreadableError(folder, error)
  }
}
