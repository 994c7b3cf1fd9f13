import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StateDirectoryHeldError, stateHolder, StateLock, StateLockError } from '@aesop/runtime'

const HOLDER = resolve(import.meta.dirname, 'support/hold-lock.ts')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-lock-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** A process that tries to take the lock and says "held" or "refused"; who holds it does so until it is killed. */
class Contender implements AsyncDisposable {
  readonly process = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', HOLDER, folder])
  readonly said: Promise<string>
  constructor() {
    this.said = once(this.process.stdout, 'data').then(([data]: Buffer[]) => String(data).trim())
  }
  async kill(): Promise<void> {
    const ended = once(this.process, 'exit')
    this.process.kill('SIGKILL')
    await ended
  }
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.kill()
  }
}

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

  it('ends with its process, though that had no time to say so', async () => {
    await using first = new Contender()
    expect(await first.said).toBe('held')
    await expect(StateLock.take(folder, 'me')).rejects.toThrow(`(process ${first.process.pid ?? 0} on `)
    await first.kill()
    const lock = await StateLock.take(folder, 'me')
    await lock.release()
  })

  it('is held by a process that is stopped and answers nobody', async () => {
    await using first = new Contender()
    expect(await first.said).toBe('held')
    first.process.kill('SIGSTOP')
    await expect(StateLock.take(folder, 'me')).rejects.toThrow(StateDirectoryHeldError)
    first.process.kill('SIGCONT')
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

  it('goes to exactly one of several processes that find a dead holder', async () => {
    const first = new Contender()
    expect(await first.said).toBe('held')
    await first.kill()
    await using a = new Contender()
    await using b = new Contender()
    await using c = new Contender()
    const said = await Promise.all([a.said, b.said, c.said])
    expect(said.sort()).toEqual(['held', 'refused', 'refused'])
  })

  it('can be held in a folder whose path is too long for the address of a socket', async () => {
    const deep = join(folder, 'x'.repeat(120), 'y'.repeat(120))
    const lock = await StateLock.take(deep, 'deep')
    await expect(StateLock.take(deep, 'other')).rejects.toThrow(StateDirectoryHeldError)
    await lock.release()
    await (await StateLock.take(deep, 'other')).release()
  })

  it('leaves nothing to pile up: one claim, and the socket of its holder', async () => {
    for (let i = 0; i < 3; i++) {
      await using dead = new Contender()
      expect(await dead.said).toBe('held')
    }
    const lock = await StateLock.take(folder, 'last')
    expect(
      readdirSync(join(folder, '.lock'))
        .map((name) => name.replace(/^[0-9a-f]{12}$/, 'socket'))
        .sort(),
    ).toEqual(['4.claim', 'socket'])
    await lock.release()
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
