import { silentLogger } from '@aesop/kernel'
import { expect, test } from 'vitest'
import { FolderConcern } from '../src/folder-concern.ts'

const FILE = '000000000000001.segment.damaged'

function damaged(): FolderConcern {
  const concern = new FolderConcern('event buffer', '/buffer', silentLogger)
  concern.damaged(FILE, 'its header proves false')
  return concern
}

test('a file that was set aside is told until it is gone from the folder, however often that is looked at', () => {
  const concern = damaged()
  // It is told before it has its new name.
  concern.look([])
  concern.isThere(FILE)
  concern.look([FILE])
  expect([concern.hasDamage, concern.text]).toEqual([true, expect.stringContaining(`/buffer/${FILE}: its header`)])
  concern.look(['000000000000002.segment'])
  expect([concern.hasDamage, concern.text]).toEqual([false, undefined])
})

test('or until somebody has acknowledged it; a fault of the disk is told in any case', () => {
  const concern = damaged()
  concern.failed(new Error('ENOSPC'))
  concern.acknowledge()
  expect(concern.text).toBe('the event buffer can not write to /buffer: ENOSPC')
  concern.worked()
  expect(concern.text).toBeUndefined()
})
