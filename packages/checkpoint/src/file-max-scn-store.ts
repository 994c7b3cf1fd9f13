import { existsSync, readFileSync } from 'node:fs'

import { formatJson, parseJson, writeFileAtomically } from '@aesop/kernel'

import { CheckpointUnwritableError, MaxScnUnreadableError } from './errors.ts'
import { type MaxScn, type MaxScnStore } from './max-scn-store.ts'

/** For tests and for sources that always begin anew. */
export class MemoryMaxScnStore implements MaxScnStore {
  #maxScn: MaxScn | undefined

  load(): MaxScn | undefined {
    return this.#maxScn
  }

  save(maxScn: MaxScn): void {
    this.#maxScn = maxScn
  }
}

/**
 * The max SCN of one physical source in one JSON file, `{scn, savedAt, position}`. The text form of Databus
 * (`<scn>:<date>`) is read, and replaced at the next save.
 */
export class FileMaxScnStore implements MaxScnStore {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  load(): MaxScn | undefined {
    if (!existsSync(this.path)) return undefined
    try {
      return parseMaxScn(readFileSync(this.path, 'utf8').trim())
    } catch (error) {
      throw new MaxScnUnreadableError(this.path, error)
    }
  }

  save(maxScn: MaxScn): void {
    const { scn, savedAtMs, position } = maxScn
    const json = formatJson({ scn, savedAt: new Date(savedAtMs).toISOString(), position })
    try {
      writeFileAtomically(this.path, `${json}\n`)
    } catch (error) {
      throw new CheckpointUnwritableError(this.path, error)
    }
  }
}

function parseMaxScn(text: string): MaxScn {
  const databus = /^(-?\d+):(.*)$/.exec(text)
  if (databus !== null) return { scn: BigInt(databus[1] ?? ''), savedAtMs: millisOf(databus[2] ?? '') }
  const json = parseJson(text) as { scn?: unknown; savedAt?: unknown; position?: unknown } | null
  const scn = json?.scn
  if (typeof scn !== 'bigint' && !(typeof scn === 'number' && Number.isInteger(scn))) {
    throw new Error(`no integer "scn" in ${text.slice(0, 80)}`)
  }
  const savedAtMs = typeof json?.savedAt === 'string' ? millisOf(json.savedAt) : 0
  return { scn: BigInt(scn), savedAtMs, ...(json?.position === undefined ? {} : { position: json.position }) }
}

function millisOf(date: string): number {
  const millis = Date.parse(date)
  return Number.isNaN(millis) ? 0 : millis
}
