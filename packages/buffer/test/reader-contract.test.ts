import { EventBuffer } from '@aesop/buffer'
import { type WindowRig, windowReaderContract } from '../../../test/support/window-reader-contract.ts'
import { rigOf } from '../../../test/support/windows.ts'

/** A buffer with room for some three windows of this suite in a segment, and for many segments. */
function makeRig(segmentBytes: number): WindowRig {
  const buffer = new EventBuffer({ maxBytes: 32 * segmentBytes, segmentBytes, physicalPartition: 1 })
  buffer.start(100n)
  return rigOf(buffer)
}

windowReaderContract('the event buffer in large segments', () => makeRig(4096), { answersAtOnce: true })
windowReaderContract('the event buffer in segments that windows span', () => makeRig(512), { answersAtOnce: true })
