import { type ServerLimits } from './server-limits.ts'

/** Most bytes that one write carries. */
const WRITE_BYTES_MAX = 512 * 1024
/** Of what is left for all, one write takes this part at most: those that come later find something, too. */
const PART_OF_REST = 8

/** The most bytes, and how many answers there are at most, one write each. */
export type PendingBounds = Pick<ServerLimits, 'pendingBytes' | 'streams' | 'settings'>

/**
 * How many bytes all answers together have written that their readers have not taken. Half of them go to whoever comes, each
 * taking a part of the rest; of the other half every stream may have its share, so that readers that take nothing hold up
 * nobody and all together never have more than the bound.
 */
export class PendingBytes {
  readonly max: number
  /** What bounds it is called in configuration. */
  readonly setting: string
  readonly #share: number
  #bytes = 0

  constructor({ pendingBytes: max, streams, settings }: PendingBounds) {
    this.max = max
    this.setting = settings.pendingBytes
    this.#share = Math.max(1, Math.floor(max / 2 / streams))
  }

  get bytes(): number {
    return this.#bytes
  }

  get isFull(): boolean {
    return this.#bytes >= this.max
  }

  /** Most bytes that the next write may carry. */
  get nextWrite(): number {
    const rest = Math.floor((this.max / 2 - this.#bytes) / PART_OF_REST)
    return Math.min(WRITE_BYTES_MAX, Math.max(this.#share, rest))
  }

  add(bytes: number): void {
    this.#bytes += bytes
  }

  remove(bytes: number): void {
    this.#bytes -= bytes
  }
}
