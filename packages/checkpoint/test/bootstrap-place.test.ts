import { describe, expect, it } from 'vitest'
import { bootstrapCheckpoint, type BootstrapPlace, bootstrapPlaceOf, Checkpoint } from '../src/index.ts'

const begun: BootstrapPlace = {
  phase: 'snapshot',
  sinceScn: 1000n,
  startScn: -1n,
  targetScn: -1n,
  snapshotSource: 'shop.item',
  snapshotIndex: 0,
  snapshotOffset: 0n,
  catchupSource: '',
  catchupIndex: 0,
  windowScn: -1n,
  windowOffset: -1n,
}
const within: BootstrapPlace = {
  ...begun,
  startScn: 9_007_199_254_740_993n,
  snapshotOffset: 9_007_199_254_740_995n,
  server: 'localhost:6060',
  storeId: 'store-1',
  scnSpace: 'space-1',
}
const catchingUp: BootstrapPlace = {
  ...within,
  phase: 'catchup',
  targetScn: 9_007_199_254_740_999n,
  snapshotIndex: 1,
  snapshotOffset: -1n,
  catchupSource: 'shop.item',
  catchupIndex: 1,
  windowScn: 9_007_199_254_740_993n,
  windowOffset: 7n,
}

describe('the place of a bootstrap', () => {
  it.each([
    ['that begins', begun],
    ['within a snapshot', within],
    ['in the log', catchingUp],
  ])('%s comes back from its checkpoint', (_what, place) => {
    const text = bootstrapCheckpoint(place).format()
    expect(bootstrapPlaceOf(Checkpoint.parse(text))).toEqual({ server: undefined, scnSpace: undefined, ...place })
  })

  it('has the keys of Databus', () => {
    expect(bootstrapCheckpoint(catchingUp).format()).toBe(
      '{"consumption_mode":"BOOTSTRAP_CATCHUP","windowScn":9007199254740993,"prevScn":-1,"windowOffset":7,' +
        '"snapshot_offset":-1,"scnSpace":"space-1","snapshot_source":"shop.item","bootstrap_snapshot_source_index":1,' +
        '"catchup_source":"shop.item","bootstrap_catchup_source_index":1,"bootstrap_since_scn":1000,' +
        '"bootstrap_start_scn":9007199254740993,"bootstrap_target_scn":9007199254740999,' +
        '"bootstrap_server_info":"localhost:6060","bootstrap_store_id":"store-1"}',
    )
  })

  it('is none of another mode, and keeps to the rules of its own', () => {
    expect(bootstrapPlaceOf(Checkpoint.online(5n))).toBeUndefined()
    expect(() => bootstrapCheckpoint({ ...begun, snapshotOffset: 3n })).toThrow(/snapshot_offset is 3/)
    expect(() => bootstrapCheckpoint({ ...catchingUp, targetScn: 1n })).toThrow(/bootstrap_target_scn is 1/)
  })
})
