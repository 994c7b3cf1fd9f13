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
  expect([concern.hasAside, concern.text]).toEqual([true, expect.stringContaining(`/buffer/${FILE}: its header`)])
  concern.look(['000000000000002.segment'])
  expect([concern.hasAside, concern.text]).toEqual([false, undefined])
})

test('or until somebody has acknowledged it; a fault of the disk is told in any case', () => {
  const concern = damaged()
  concern.failed(new Error('ENOSPC'))
  concern.acknowledge()
  expect(concern.text).toBe('the event buffer can not write to /buffer: ENOSPC')
  concern.worked()
  expect(concern.text).toBeUndefined()
})

test('whole files that are of something else are told as damage is, and logged once for all', () => {
  const logged: string[] = []
  const concern = new FolderConcern('event log', '/log', { ...silentLogger, error: (text) => void logged.push(text) })
  concern.disowned([], 'there was nothing')
  expect([concern.hasAside, logged]).toEqual([false, []])
  const names = ['1.segment.other', '2.segment.other']
  concern.disowned(names, 'its SCN space is one')
  const text = 'what the event log had was set aside as /log/1.segment.other and 1 more: its SCN space is one'
  expect([concern.text, logged]).toEqual([text, [text]])
  for (const name of names) concern.isThere(name)
  concern.look(['2.segment.other'])
  expect(concern.text).toBe(text)
  concern.look([])
  expect(concern.text).toBeUndefined()
})

test('what was acknowledged before its file had its new name is not told when that comes', () => {
  const concern = damaged()
  concern.acknowledge()
  concern.isThere(FILE)
  concern.look([FILE])
  expect([concern.hasAside, concern.text]).toEqual([false, undefined])
})
