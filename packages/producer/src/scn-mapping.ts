import { isScnSpace, SCN_SPACE_FORM } from '@aesop/checkpoint'
import { ScnGeneratorInvalidError, ScnGeneratorOneWayError } from './errors.ts'
import { type ScnGenerator } from './scn-generator.ts'

const SCN_MAX = 0x7fffffffffffffffn

/** A generator whose answers are looked at. Negative SCNs, "none yet", are the same on both sides. */
export class ScnMapping {
  readonly #source: string
  readonly #generator: ScnGenerator

  constructor(source: string, generator: ScnGenerator) {
    this.#source = source
    this.#generator = generator
  }

  get goesBack(): boolean {
    return this.#generator.sourceScnOf !== undefined
  }

  /** @throws ScnGeneratorInvalidError */
  spaceOf(sourceSpace: string): string {
    const space: unknown = this.#generator.scnSpaceOf(sourceSpace)
    if (isScnSpace(space)) return space
    throw new ScnGeneratorInvalidError(this.#source, `makes the SCN space ${JSON.stringify(space)}`, SCN_SPACE_FORM)
  }

  /** @throws ScnGeneratorInvalidError */
  scnOf(sourceScn: bigint): bigint {
    if (sourceScn < 0n) return sourceScn
    const scn: unknown = this.#generator.scnOf(sourceScn)
    if (typeof scn === 'bigint' && scn >= 0n && scn <= SCN_MAX) return scn
    const fault = `makes ${String(scn)} (${typeof scn}) of the SCN ${sourceScn} of the log`
    throw new ScnGeneratorInvalidError(this.#source, fault, 'a bigint from 0 to 2^63 - 1')
  }

  /** The SCN of the window after the one of `lastScn`. @throws ScnGeneratorInvalidError when it does not rise */
  scnAfter(lastScn: bigint, sourceScn: bigint): bigint {
    const scn = this.scnOf(sourceScn)
    if (scn > lastScn) return scn
    const fault = `makes ${scn} of the SCN ${sourceScn} of the log`
    throw new ScnGeneratorInvalidError(this.#source, fault, `one above ${lastScn}, that of the window before`)
  }

  /** The place in the log of an SCN; undefined: there is no way back. @throws ScnGeneratorInvalidError */
  placeOf(scn: bigint): bigint | undefined {
    if (scn < 0n) return scn
    const sourceScn: unknown = this.#generator.sourceScnOf?.(scn)
    if (sourceScn === undefined && !this.goesBack) return undefined
    if (typeof sourceScn === 'bigint' && this.scnOf(sourceScn) <= scn) return sourceScn
    const fault = `says that the SCN ${scn} is ${String(sourceScn)} in the log`
    throw new ScnGeneratorInvalidError(this.#source, fault, 'the greatest SCN of the log whose SCN is at or below it')
  }

  /** The same where it is needed. @throws ScnGeneratorOneWayError */
  wayBack(scn: bigint): bigint {
    const sourceScn = this.placeOf(scn)
    if (sourceScn === undefined) throw new ScnGeneratorOneWayError(this.#source, scn)
    return sourceScn
  }
}
