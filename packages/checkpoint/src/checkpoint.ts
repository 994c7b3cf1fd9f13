import { formatJson, parseJson } from '@aesop/kernel'

import { CheckpointInvalidError } from './errors.ts'

const MODES = ['INIT', 'ONLINE_CONSUMPTION', 'BOOTSTRAP_SNAPSHOT', 'BOOTSTRAP_CATCHUP'] as const
export type ConsumptionMode = (typeof MODES)[number]

interface CheckpointFields {
  readonly mode: ConsumptionMode
  readonly windowScn: bigint
  readonly windowOffset: bigint
  readonly prevScn: bigint
  readonly snapshotOffset: bigint
  readonly tsNanos: bigint
  readonly others: Readonly<Record<string, unknown>>
}

/**
 * Where a consumer stands, with the fields and the JSON of Databus' `Checkpoint`:
 *
 * | key               | unset | meaning                                                                    |
 * |-------------------|-------|----------------------------------------------------------------------------|
 * | consumption_mode  |       | INIT, ONLINE_CONSUMPTION, BOOTSTRAP_SNAPSHOT, BOOTSTRAP_CATCHUP            |
 * | windowScn         | −1    | the current window; −1 online: flexible, start anywhere                    |
 * | windowOffset      | −1    | events consumed of that window; −1: all of it, its end included            |
 * | prevScn           | −1    | the last whole window before the current one; equal to windowScn at its end |
 * | snapshot_offset   | −1    | row id reached in a bootstrap snapshot                                     |
 * | tsNsecs           | −1    | timestamp of the last whole window's end, nanoseconds                      |
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
  readonly others: Readonly<Record<string, unknown>>

  private constructor(fields: CheckpointFields) {
    this.mode = fields.mode
    this.windowScn = fields.windowScn
    this.windowOffset = fields.windowOffset
    this.prevScn = fields.prevScn
    this.snapshotOffset = fields.snapshotOffset
    this.tsNanos = fields.tsNanos
    this.others = fields.others
  }

  /** Start anywhere the relay has data: with the oldest window it holds. */
  static flexible(): Checkpoint {
    return online(-1n, -1n)
  }

  /** Everything up to and with the window of this SCN is consumed. */
  static online(scn: bigint, tsNanos = -1n): Checkpoint {
    return online(scn, tsNanos)
  }

  /** @internal used by the functions of this file */
  static of(fields: CheckpointFields): Checkpoint {
    return new Checkpoint(fields)
  }

  /** @throws CheckpointInvalidError */
  static parse(text: string): Checkpoint {
    return Checkpoint.of(checked(readFields(text)))
  }

  get isFlexible(): boolean {
    return this.mode === 'ONLINE_CONSUMPTION' && this.windowScn < 0n && this.tsNanos < 0n
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
    const { mode, windowScn, windowOffset, prevScn, snapshotOffset, tsNanos, others } = this
    return new Checkpoint({ mode, windowScn, windowOffset, prevScn, snapshotOffset, tsNanos, others, ...change })
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
      ...this.others,
    })
  }
}

function online(scn: bigint, tsNanos: bigint): Checkpoint {
  return Checkpoint.of({
    mode: 'ONLINE_CONSUMPTION',
    windowScn: scn,
    windowOffset: -1n,
    prevScn: scn,
    snapshotOffset: -1n,
    tsNanos,
    others: {},
  })
}

function readFields(text: string): CheckpointFields {
  const json = readObject(text)
  const { consumption_mode: mode, windowScn, windowOffset, prevScn, snapshot_offset, tsNsecs, ...others } = json
  if (!isMode(mode)) {
    throw new CheckpointInvalidError(
      `consumption_mode is ${formatJson(mode ?? null)}, expected one of ${MODES.join(', ')}`,
    )
  }
  return {
    mode,
    windowScn: integer('windowScn', windowScn),
    windowOffset: integer('windowOffset', windowOffset),
    prevScn: integer('prevScn', prevScn),
    snapshotOffset: integer('snapshot_offset', snapshot_offset),
    tsNanos: integer('tsNsecs', tsNsecs),
    others,
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

function isMode(value: unknown): value is ConsumptionMode {
  return MODES.includes(value as ConsumptionMode)
}

function integer(key: string, value: unknown): bigint {
  if (value === undefined) return -1n
  if (typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
  throw new CheckpointInvalidError(`${key} is ${formatJson(value)}, expected an integer`)
}

/** The rules of Databus' `assertCheckpoint` for consumption online. */
function checked(fields: CheckpointFields): CheckpointFields {
  if (fields.mode !== 'ONLINE_CONSUMPTION') return fields
  const { windowScn, windowOffset, prevScn } = fields
  if (windowOffset < -1n)
    throw new CheckpointInvalidError(`windowOffset is ${windowOffset.toString()}, expected -1 or more`)
  if (windowScn < 0n) return fields
  if (prevScn > windowScn) {
    throw new CheckpointInvalidError(`prevScn ${prevScn.toString()} is ahead of windowScn ${windowScn.toString()}`)
  }
  if (windowOffset === -1n && prevScn !== -1n && prevScn !== windowScn) {
    throw new CheckpointInvalidError(
      `the window is consumed whole (windowOffset -1), but prevScn ${prevScn.toString()} is not windowScn ${windowScn.toString()}`,
    )
  }
  return fields
}
