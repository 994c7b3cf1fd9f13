import { type Logger, silentLogger } from '@aesop/kernel'
import { type WindowReader, type WindowSource } from '@aesop/reading'
import { expect, test } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { BufferScrub } from '../src/buffer-scrub.ts'

/** A source whose disk can't be read now. */
function unreadable(closed: () => void): WindowSource {
  const reader: WindowReader = {
    scn: -1n,
    atWindowEnd: true,
    seek: () => ({ kind: 'found' }),
    seekLatest: () => ({ kind: 'found' }),
    next: () => Promise.reject(new Error('too many open files')),
    close: closed,
  }
  return { openReader: () => reader, subscribe: () => () => undefined }
}

test('a round that can not read says so, lets go of its reader, and holds up no stop', async () => {
  const said: unknown[] = []
  let closed = 0
  const log: Logger = { ...silentLogger, warn: (message, fields) => void said.push([message, fields]) }
  const scrub = new BufferScrub(
    unreadable(() => closed++),
    4,
    log,
  )
  scrub.start()
  await until('the round is over', () => closed === 1)
  await scrub.end()
  expect(said).toEqual([['the event buffer could not be verified now', { error: 'too many open files' }]])
})
