import { rmSync } from 'node:fs'

import { formatJson, parseJson, writeFileAtomicallyAsync } from '@aesop/kernel'

import { CheckpointUnwritableError, MaxScnUnreadableError } from './errors.ts'
import { type MaxScn, type MaxScnStore } from './max-scn-store.ts'
import { parseQuarantines } from './quarantine.ts'
import { readState } from './read-state.ts'
import { isScnSpace, SCN_SPACE_FORM } from './scn-space.ts'

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
 * The max SCN of one physical source in one JSON file, `{scn, savedAt, scnSpace, position, quarantines}`. The text form of Databus
 * (`<scn>:<date>`) is read, and replaced at the next save.
 */
export class FileMaxScnStore implements MaxScnStore {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  load(): MaxScn | undefined {
    const text = readState(this.path)
    if (text === undefined) return undefined
    try {
      return parseMaxScn(text.trim())
    } catch (error) {
      throw new MaxScnUnreadableError(this.path, error)
    }
  }

  async save(maxScn: MaxScn): Promise<void> {
    const { scn, savedAtMs, scnSpace, position, quarantines = [] } = maxScn
    const leftOut = quarantines.length === 0 ? {} : { quarantines }
    const json = formatJson({ scn, savedAt: new Date(savedAtMs).toISOString(), scnSpace, position, ...leftOut })
    try {
      await writeFileAtomicallyAsync(this.path, `${json}\n`)
    } catch (error) {
      throw new CheckpointUnwritableError(this.path, error)
    }
  }

  /** Forgets it: the source begins as if it were new. */
  clear(): void {
    rmSync(this.path, { force: true })
  }
}

/** `4294967300:Fri Aug 19 10:00:00 UTC 2016`, as Java prints a date; nothing of it may be missing. */
const DATABUS_FORM = /^(-?\d+):(\w{3} \w{3} \d{2} \d{2}:\d{2}:\d{2} \S+ \d{4})$/
const INT64_MAX = 2n ** 63n - 1n
type Key = 'scn' | 'savedAt' | 'scnSpace' | 'position' | 'quarantines'

function parseMaxScn(text: string): MaxScn {
  const databus = DATABUS_FORM.exec(text)
  // Java knows more names of time zones than we do: without the time the record is still whole.
  if (databus !== null) return { scn: scnOf(BigInt(databus[1] ?? '')), savedAtMs: Date.parse(databus[2] ?? '') || 0 }
  const json = parseJson(text) as Readonly<Partial<Record<Key, unknown>>> | null
  const savedAtMs = typeof json?.savedAt === 'string' ? Date.parse(json.savedAt) : NaN
  if (Number.isNaN(savedAtMs)) throw new Error(`no date "savedAt" in ${text.slice(0, 80)}`)
  return {
    scn: scnOf(json?.scn),
    savedAtMs,
    ...(json?.scnSpace === undefined ? {} : { scnSpace: spaceOf(json.scnSpace) }),
    ...(json?.position === undefined ? {} : { position: json.position }),
    ...(json?.quarantines === undefined ? {} : { quarantines: parseQuarantines(json.quarantines) }),
  }
}

function spaceOf(value: unknown): string {
  if (isScnSpace(value)) return value
  throw new Error(`"scnSpace" is ${formatJson(value)}, expected ${SCN_SPACE_FORM}`)
}

function scnOf(value: unknown): bigint {
  const isInteger = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))
  if (!isInteger) throw new Error(`"scn" is ${formatJson(value ?? null)}, expected an integer`)
  const scn = BigInt(value)
  if (scn < -INT64_MAX - 1n || scn > INT64_MAX) throw new Error(`"scn" is ${scn}, expected an integer of 64 bits`)
  return scn
}
