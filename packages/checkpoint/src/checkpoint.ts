import { formatJson, parseJson } from '@aesop/kernel'

import { type CheckpointFields, type ConsumptionMode, fieldsOf } from './checkpoint-rules.ts'
import { CheckpointInvalidError } from './errors.ts'

const UNSET = -1n
const NO_OTHERS: CheckpointFields['others'] = {}

/** The fields of a place in the stream, all written out: one is made for each window, and copies of objects cost more than the rest of it. */
function onlineAt(
  windowScn: bigint,
  prevScn: bigint,
  windowOffset: bigint,
  tsNanos: bigint,
  scnSpace: string | undefined,
): CheckpointFields {
  const mode = 'ONLINE_CONSUMPTION'
  return { mode, windowScn, windowOffset, prevScn, snapshotOffset: UNSET, tsNanos, scnSpace, others: NO_OTHERS }
}

/**
 * Where a consumer stands, with the fields and the JSON of Databus' `Checkpoint`:
 *
 * | key               | unset | meaning                                                                    |
 * |-------------------|-------|----------------------------------------------------------------------------|
 * | consumption_mode  |       | INIT, ONLINE_CONSUMPTION, BOOTSTRAP_SNAPSHOT, BOOTSTRAP_CATCHUP            |
 * | windowScn         | −1    | the current window; −1 online, without tsNsecs: flexible, start anywhere   |
 * | windowOffset      | −1    | events consumed of that window; −1: all of it, its end included            |
 * | prevScn           | −1    | the last whole window before the current one; equal to windowScn at its end |
 * | snapshot_offset   | −1    | row id reached in a bootstrap snapshot                                     |
 * | tsNsecs           | −1    | timestamp of the last whole window's end, nanoseconds                      |
 * | scnSpace          | none  | ours: the SCN space that the SCNs are of; Databus keeps the key            |
 *
 * Keys that are not known here (those of bootstrap) are kept as they are. Immutable.
 */
export class Checkpoint {
  readonly mode: ConsumptionMode
  readonly windowScn: bigint
  readonly windowOffset: bigint
  readonly prevScn: bigint
  readonly snapshotOffset: bigint
  readonly tsNanos: bigint
  /** Undefined: nobody said; the SCNs may be of any space. */
  readonly scnSpace: string | undefined
  readonly others: Readonly<Record<string, unknown>>

  private constructor(fields: CheckpointFields) {
    this.mode = fields.mode
    this.windowScn = fields.windowScn
    this.windowOffset = fields.windowOffset
    this.prevScn = fields.prevScn
    this.snapshotOffset = fields.snapshotOffset
    this.tsNanos = fields.tsNanos
    this.scnSpace = fields.scnSpace
    this.others = fields.others
  }

  /** Start anywhere the relay has data: with the oldest window it holds. */
  static flexible(): Checkpoint {
    return new Checkpoint(onlineAt(UNSET, UNSET, UNSET, UNSET, undefined))
  }

  /** Everything up to and with the window of this SCN is consumed. */
  static online(scn: bigint, tsNanos = -1n, scnSpace?: string): Checkpoint {
    return new Checkpoint(onlineAt(scn, scn, UNSET, tsNanos, scnSpace))
  }

  /** Everything up to and with `prevScn`, and the first `events` events of the window `scn`, are consumed. */
  static within(scn: bigint, prevScn: bigint, events: bigint, scnSpace?: string): Checkpoint {
    return new Checkpoint(onlineAt(scn, prevScn, events, UNSET, scnSpace))
  }

  /** @throws CheckpointInvalidError when it breaks a rule of its mode */
  static parse(text: string): Checkpoint {
    return new Checkpoint(fieldsOf(readObject(text)))
  }

  get isOnline(): boolean {
    return this.mode === 'ONLINE_CONSUMPTION'
  }

  get isFlexible(): boolean {
    return this.isOnline && this.windowScn < 0n
  }

  /**
   * Where a client goes on that gives its consumer whole windows: the end of the last one, or anywhere.
   * @throws CheckpointInvalidError when it names no such place: another mode, or inside a window whose predecessor is
   * unknown
   */
  lastWholeWindow(): Checkpoint {
    if (!this.isOnline) {
      throw new CheckpointInvalidError(`consumption_mode is ${this.mode}, expected ONLINE_CONSUMPTION`)
    }
    if (this.isFlexible || this.isFullyConsumed) return this
    if (this.prevScn >= 0n) return Checkpoint.online(this.prevScn, -1n, this.scnSpace)
    throw new CheckpointInvalidError(
      `it lies inside the window of SCN ${this.windowScn} (windowOffset ${this.windowOffset}) and has no prevScn`,
    )
  }

  /** @throws CheckpointInvalidError when it is neither a place in a stream nor one in a bootstrap where a client may go on */
  checkPlace(): void {
    if (!this.isOfBootstrap) this.lastWholeWindow()
  }

  get isOfBootstrap(): boolean {
    return this.mode === 'BOOTSTRAP_SNAPSHOT' || this.mode === 'BOOTSTRAP_CATCHUP'
  }

  /** Whether the current window was consumed to its end. */
  get isFullyConsumed(): boolean {
    return this.windowOffset < 0n
  }

  /** The checkpoint after one more event of the window `scn`. */
  afterEvent(scn: bigint): Checkpoint {
    const sameWindow = this.windowScn === scn && this.windowOffset >= 0n
    return this.#with({ windowScn: scn, windowOffset: sameWindow ? this.windowOffset + 1n : 1n })
  }

  /** The checkpoint after the end of the window `scn`. */
  afterEndOfPeriod(scn: bigint, tsNanos: bigint): Checkpoint {
    return this.#with({ windowScn: scn, prevScn: scn, windowOffset: -1n, tsNanos })
  }

  #with(change: Partial<CheckpointFields>): Checkpoint {
    const { mode, windowScn, windowOffset, prevScn, snapshotOffset, tsNanos, scnSpace, others } = this
    const fields = { mode, windowScn, windowOffset, prevScn, snapshotOffset, tsNanos, scnSpace, others }
    return new Checkpoint({ ...fields, ...change })
  }

  /** One line of JSON, as Databus writes it. */
  format(): string {
    return formatJson({
      consumption_mode: this.mode,
      windowScn: this.windowScn,
      prevScn: this.prevScn,
      windowOffset: this.windowOffset,
      snapshot_offset: this.snapshotOffset,
      ...(this.tsNanos < 0n ? {} : { tsNsecs: this.tsNanos }),
      ...(this.scnSpace === undefined ? {} : { scnSpace: this.scnSpace }),
      ...this.others,
    })
  }
}

function readObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = parseJson(text)
  } catch (error) {
    throw new CheckpointInvalidError(`no JSON: ${text.slice(0, 80)}`, error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CheckpointInvalidError(`no JSON object: ${text.slice(0, 80)}`)
  }
  return value as Record<string, unknown>
}
