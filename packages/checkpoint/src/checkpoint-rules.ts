import { formatJson } from '@aesop/kernel'
import { CheckpointInvalidError } from './errors.ts'
import { isScnSpace, SCN_SPACE_FORM } from './scn-space.ts'

const CONSUMPTION_MODES = ['INIT', 'ONLINE_CONSUMPTION', 'BOOTSTRAP_SNAPSHOT', 'BOOTSTRAP_CATCHUP'] as const
export type ConsumptionMode = (typeof CONSUMPTION_MODES)[number]

/** What a checkpoint says, by the meaning of its keys; −1 is unset. */
export interface CheckpointFields {
  readonly mode: ConsumptionMode
  readonly windowScn: bigint
  readonly windowOffset: bigint
  readonly prevScn: bigint
  readonly snapshotOffset: bigint
  readonly tsNanos: bigint
  readonly scnSpace?: string | undefined
  /** Keys of bootstrap, and those that nobody here knows. */
  readonly others: Readonly<Record<string, unknown>>
}

const INT64_MAX = 2n ** 63n - 1n

/**
 * Takes the JSON of a checkpoint apart. Databus reads an absent windowScn as −1, and every negative one as "start
 * anywhere"; its clients never write such a thing, so that here it is a damaged checkpoint.
 * @throws CheckpointInvalidError
 */
export function fieldsOf(json: Readonly<Record<string, unknown>>): CheckpointFields {
  const {
    consumption_mode: mode,
    windowScn,
    windowOffset,
    prevScn,
    snapshot_offset,
    tsNsecs,
    scnSpace,
    ...others
  } = json
  if (!isMode(mode)) {
    const expected = CONSUMPTION_MODES.join(', ')
    throw new CheckpointInvalidError(`consumption_mode is ${formatJson(mode ?? null)}, expected one of ${expected}`)
  }
  if (windowScn === undefined) throw new CheckpointInvalidError('windowScn is absent, expected an SCN or -1')
  const fields: CheckpointFields = {
    mode,
    windowScn: integer('windowScn', windowScn),
    windowOffset: integer('windowOffset', windowOffset),
    prevScn: integer('prevScn', prevScn),
    snapshotOffset: integer('snapshot_offset', snapshot_offset),
    tsNanos: integer('tsNsecs', tsNsecs),
    scnSpace: spaceIn(scnSpace),
    others,
  }
  RULES[mode](fields)
  return fields
}

/** The rules of Databus' `assertCheckpoint`. */
const RULES: Readonly<Record<ConsumptionMode, (fields: CheckpointFields) => void>> = {
  INIT: () => undefined,
  ONLINE_CONSUMPTION: checkOnline,
  BOOTSTRAP_SNAPSHOT: checkSnapshot,
  BOOTSTRAP_CATCHUP: checkCatchup,
}

function checkOnline({ windowScn, windowOffset, prevScn, tsNanos }: CheckpointFields): void {
  if (windowScn < 0n) {
    // What a client that makes itself flexible leaves in the other fields has no meaning any more.
    check(tsNanos < 0n, `windowScn is -1 beside tsNsecs ${tsNanos}, expected no tsNsecs (flexible) or an SCN`)
    return
  }
  check(prevScn <= windowScn, `prevScn ${prevScn} is ahead of windowScn ${windowScn}`)
  check(
    windowOffset >= 0n || prevScn === -1n || prevScn === windowScn,
    `the window is consumed whole (windowOffset -1), but prevScn ${prevScn} is not windowScn ${windowScn}`,
  )
}

function checkSnapshot(fields: CheckpointFields): void {
  const { since, start, target, snapshotIndex, catchupIndex } = bootstrapOf(fields)
  check(since >= 0n, 'bootstrap_since_scn is absent, expected an SCN')
  check(catchupIndex === 0n, `bootstrap_catchup_source_index is ${catchupIndex} in a snapshot, expected 0`)
  if (start >= 0n) return
  const { snapshotOffset } = fields
  check(snapshotIndex === 0n, `bootstrap_snapshot_source_index is ${snapshotIndex} before the start SCN, expected 0`)
  check(snapshotOffset === 0n, `snapshot_offset is ${snapshotOffset} before the start SCN, expected 0`)
  check(target < 0n, `bootstrap_target_scn is ${target} before the start SCN, expected none`)
}

function checkCatchup(fields: CheckpointFields): void {
  const { since, start, target, snapshotIndex, catchupIndex } = bootstrapOf(fields)
  const { snapshotOffset } = fields
  check(since >= 0n, 'bootstrap_since_scn is absent, expected an SCN')
  check(start >= 0n, 'bootstrap_start_scn is absent, expected an SCN')
  check(target >= start, `bootstrap_target_scn is ${target}, expected the start SCN ${start} or more`)
  check(snapshotOffset === -1n, `snapshot_offset is ${snapshotOffset} in a catch-up, expected -1`)
  check(
    catchupIndex <= snapshotIndex,
    `bootstrap_catchup_source_index is ${catchupIndex}, expected at most the snapshot's ${snapshotIndex}`,
  )
}

interface BootstrapFields {
  readonly since: bigint
  readonly start: bigint
  readonly target: bigint
  readonly snapshotIndex: bigint
  readonly catchupIndex: bigint
}

function bootstrapOf({ others }: CheckpointFields): BootstrapFields {
  const read = (key: string): bigint => integer(key, others[key])
  const index = (key: string): bigint => (others[key] === undefined ? 0n : read(key))
  return {
    since: read('bootstrap_since_scn'),
    start: read('bootstrap_start_scn'),
    target: read('bootstrap_target_scn'),
    snapshotIndex: index('bootstrap_snapshot_source_index'),
    catchupIndex: index('bootstrap_catchup_source_index'),
  }
}

function check(holds: boolean, fault: string): void {
  if (!holds) throw new CheckpointInvalidError(fault)
}

function isMode(value: unknown): value is ConsumptionMode {
  return CONSUMPTION_MODES.includes(value as ConsumptionMode)
}

function spaceIn(value: unknown): string | undefined {
  if (value === undefined || isScnSpace(value)) return value
  throw new CheckpointInvalidError(`scnSpace is ${formatJson(value)}, expected ${SCN_SPACE_FORM}`)
}

/** Every number of a checkpoint counts from 0 in 64 bits, or is −1 for unset. */
function integer(key: string, value: unknown): bigint {
  if (value === undefined) return -1n
  if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isInteger(value))) {
    throw new CheckpointInvalidError(`${key} is ${formatJson(value)}, expected an integer`)
  }
  const exact = BigInt(value)
  check(exact >= -1n && exact <= INT64_MAX, `${key} is ${String(value)}, expected an integer from -1 to ${INT64_MAX}`)
  return exact
}
