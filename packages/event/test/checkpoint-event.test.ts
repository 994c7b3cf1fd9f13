import { describe, expect, it } from 'vitest'
import { checkEvent, checkpointEvent, EventView } from '../src/index.ts'

describe('the event of a checkpoint', () => {
  it('is a control event of source -3 whose value is the text', () => {
    const text = '{"consumption_mode":"INIT","windowScn":-1,"note":"ü"}'
    const bytes = checkpointEvent(text)
    checkEvent(bytes, 0, bytes.length)
    const { isControl, isEndOfPeriod, sourceId, opcode, scn, key, physicalPartition, logicalPartition, value } =
      new EventView(bytes)
    expect({ isControl, isEndOfPeriod, sourceId, opcode, scn, key, physicalPartition, logicalPartition }).toEqual({
      isControl: true,
      isEndOfPeriod: false,
      sourceId: -3,
      opcode: undefined,
      scn: 0n,
      key: 0n,
      physicalPartition: -1,
      logicalPartition: 0,
    })
    expect(value.toString()).toBe(text)
  })
})
