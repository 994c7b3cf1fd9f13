import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StateDirectoryHeldError, stateHolder, StateLock, StateLockError } from '@aesop/runtime'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-lock-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('the lock of a state directory', () => {
  it('is held once, by the one that a second launch is told of', async () => {
    const lock = await StateLock.take(folder, 'people')
    const second = StateLock.take(folder, 'others')
    await expect(second).rejects.toThrow(StateDirectoryHeldError)
    await expect(second).rejects.toThrow(`by people (process ${process.pid} on `)
    expect(await stateHolder(folder)).toMatchObject({ what: 'people', pid: process.pid })
    await lock.release()
    expect(await stateHolder(folder)).toBeUndefined()
    await (await StateLock.take(folder, 'others')).release()
  })

  it('goes to exactly one of those who start at the same moment, time after time', async () => {
    for (let round = 0; round < 30; round++) {
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => StateLock.take(folder, 'racer')))
      const won = tries.filter((each) => each.status === 'fulfilled')
      expect(won).toHaveLength(1)
      const lost = tries.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []))
      expect(lost.every((error) => error instanceof StateDirectoryHeldError)).toBe(true)
      for (const { value } of won) await value.release()
    }
  })

  it('can be held in a folder whose path is too long for the address of a socket', async () => {
    const deep = join(folder, 'x'.repeat(120), 'y'.repeat(120))
    const lock = await StateLock.take(deep, 'deep')
    await expect(StateLock.take(deep, 'other')).rejects.toThrow(StateDirectoryHeldError)
    await lock.release()
    await (await StateLock.take(deep, 'other')).release()
  })

  it('does not take a damaged claim, nor a plain file in the place of a socket, for a holder', async () => {
    mkdirSync(join(folder, '.lock'))
    writeFileSync(join(folder, '.lock', '7.claim'), '{"socket":')
    await (await StateLock.take(folder, 'one')).release()
    writeFileSync(join(folder, '.lock', '9.claim'), '{"socket":"aaaaaaaaaaaa","holder":{}}')
    writeFileSync(join(folder, '.lock', 'aaaaaaaaaaaa'), '')
    await (await StateLock.take(folder, 'two')).release()
    expect(readdirSync(join(folder, '.lock'))).toEqual(['10.claim'])
  })

  it('says by name that a folder can not be locked', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    await expect(StateLock.take(join(file, '.aesop'), 'me')).rejects.toThrow(StateLockError)
  })
})
