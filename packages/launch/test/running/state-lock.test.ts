import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StateDirectoryHeldError, StateLock } from '@aesop/runtime'
import { newFolder, removeFolder } from '../../../../test/support/test-folder.ts'

const HOLDER = resolve(import.meta.dirname, '../support/hold-lock.ts')

let folder: string
beforeEach(() => {
  folder = newFolder('lock')
})
afterEach(() => {
  removeFolder(folder)
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

describe('the lock of a state directory, between processes', () => {
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

  it('leaves nothing to pile up: one claim, and the socket of its holder', async () => {
    for (let i = 0; i < 2; i++) {
      await using dead = new Contender()
      expect(await dead.said).toBe('held')
    }
    const lock = await StateLock.take(folder, 'last')
    expect(
      readdirSync(join(folder, '.lock'))
        .map((name) => name.replace(/^[0-9a-f]{12}$/, 'socket'))
        .sort(),
    ).toEqual(['3.claim', 'socket'])
    await lock.release()
  })
})
