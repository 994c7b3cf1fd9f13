import { isPromise, type MaxScn, type MaxScnStore } from '@aesop/checkpoint'
import { ScnGeneratorChangedError } from './errors.ts'
import { type ScnMapping } from './scn-mapping.ts'

/*
 * What is stored of a source with a generator: the SCN and the SCN space that it made, and as `position` the record of the log,
 * {ofLog: {scn, position, scnSpace}}. A record without it was stored before there was a generator, and is one of the log.
 */

interface LogRecord {
  readonly scn: string
  readonly position?: unknown
  readonly scnSpace?: string
}

/** @throws ScnGeneratorInvalidError */
export function generatedRecord(record: MaxScn, mapping: ScnMapping): MaxScn {
  const { scn, position, scnSpace, ...rest } = record
  const ofLog: LogRecord = {
    scn: scn.toString(),
    ...(position === undefined ? {} : { position }),
    ...(scnSpace === undefined ? {} : { scnSpace }),
  }
  const space = scnSpace === undefined ? {} : { scnSpace: mapping.spaceOf(scnSpace) }
  return { ...rest, scn: mapping.scnOf(scn), position: { ofLog }, ...space }
}

/** @throws ScnGeneratorChangedError when its SCN would be another one now */
export function recordOfLog(stored: MaxScn, source: string, mapping: ScnMapping): MaxScn {
  const ofLog = (stored.position as { ofLog?: LogRecord } | null | undefined)?.ofLog
  if (ofLog === undefined) return stored
  const { savedAtMs, quarantines } = stored
  const { position, scnSpace } = ofLog
  const scn = BigInt(ofLog.scn)
  const now = mapping.scnOf(scn)
  if (now !== stored.scn) throw new ScnGeneratorChangedError(source, scn, stored.scn, now)
  return {
    scn,
    savedAtMs,
    ...(position === undefined ? {} : { position }),
    ...(scnSpace === undefined ? {} : { scnSpace }),
    ...(quarantines === undefined ? {} : { quarantines }),
  }
}

/** Keeps records of the log as records of the SCNs that are made of them. */
export class GeneratedScnStore implements MaxScnStore {
  readonly #store: MaxScnStore
  readonly #source: string
  readonly #mapping: ScnMapping

  constructor(store: MaxScnStore, source: string, mapping: ScnMapping) {
    this.#store = store
    this.#source = source
    this.#mapping = mapping
  }

  /** @throws ScnGeneratorChangedError, and what the store throws, at once or as a rejection */
  load(): MaxScn | undefined | Promise<MaxScn | undefined> {
    const stored = this.#store.load()
    return isPromise(stored) ? stored.then((record) => this.#ofLog(record)) : this.#ofLog(stored)
  }

  save(record: MaxScn): void | Promise<void> {
    return this.#store.save(generatedRecord(record, this.#mapping))
  }

  #ofLog(stored: MaxScn | undefined): MaxScn | undefined {
    return stored && recordOfLog(stored, this.#source, this.#mapping)
  }
}
