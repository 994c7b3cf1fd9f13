import { Checkpoint, CheckpointUnwritableError } from '@aesop/checkpoint'
import { silentLogger } from '@aesop/kernel'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CheckpointSaver } from '../src/checkpoint-saver.ts'

const MAX = 3
const at = (scn: number): Checkpoint => Checkpoint.online(BigInt(scn))

/** A store whose saves end when they are told to, or at once. */
class ToldStore {
  readonly saves: bigint[] = []
  readonly #ends: ((error?: Error) => void)[] = []
  isAtOnce = false
  fault: Error | undefined

  save({ windowScn }: Checkpoint): void | Promise<void> {
    this.saves.push(windowScn)
    if (this.isAtOnce) {
      if (this.fault !== undefined) throw this.fault
      return undefined
    }
    return new Promise((resolve, reject) => {
      this.#ends.push((error) => {
        if (error === undefined) resolve()
        else reject(error)
      })
    })
  }

  /** Ends the oldest save that is under way. */
  async end(error?: Error): Promise<void> {
    this.#ends.shift()?.(error)
    await vi.advanceTimersByTimeAsync(0)
  }
}

let store: ToldStore
let lines: unknown[][]
let saver: CheckpointSaver

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  store = new ToldStore()
  lines = []
  const note = (...line: unknown[]): void => void lines.push(line)
  const log = { ...silentLogger, error: note, info: note }
  saver = new CheckpointSaver({ store, keptIn: '/state/people', unsavedWindowsMax: MAX, log })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Whether a promise is fulfilled by now. */
async function isOver(promise: Promise<void> | undefined): Promise<boolean> {
  let over = promise === undefined
  void promise?.then(() => (over = true))
  await vi.advanceTimersByTimeAsync(0)
  return over
}

describe('what was given beyond the stored checkpoint', () => {
  it('is bounded: the window that reaches the bound is held until a save has come to its end', async () => {
    expect(saver.acknowledge(at(1))).toBeUndefined()
    expect(saver.acknowledge(at(2))).toBeUndefined()
    const held = saver.acknowledge(at(3))
    expect(await isOver(held)).toBe(false)
    expect(store.saves).toEqual([1n])
    await store.end()
    // Only the first window is stored now: two are beyond it.
    expect(await isOver(held)).toBe(true)
    expect(saver.acknowledge(at(4))).toBeInstanceOf(Promise)
    expect(store.saves).toEqual([1n, 4n])
  })

  it('is no more than what the save under way leaves, whatever was acknowledged meanwhile', async () => {
    expect(saver.acknowledge(at(1))).toBeUndefined()
    expect(saver.acknowledge(at(2))).toBeUndefined()
    await store.end()
    expect(saver.acknowledge(at(3))).toBeUndefined()
    const held = saver.acknowledge(at(4))
    expect(store.saves).toEqual([1n, 4n])
    await store.end()
    expect(await isOver(held)).toBe(true)
    expect([saver.acknowledge(at(5)), saver.acknowledge(at(6))]).toEqual([undefined, undefined])
  })

  it('is saved at once by a store in order, in the place of a wait', () => {
    store.isAtOnce = true
    for (let scn = 1; scn <= 2; scn++) expect(saver.acknowledge(at(scn))).toBeUndefined()
    expect(store.saves).toEqual([1n])
    expect(saver.acknowledge(at(3))).toBeUndefined()
    expect(saver.acknowledge(at(4))).toBeUndefined()
    expect(store.saves).toEqual([1n, 4n])
  })

  it('is saved together, once in 100 ms', async () => {
    store.isAtOnce = true
    void saver.acknowledge(at(1))
    void saver.acknowledge(at(2))
    await vi.advanceTimersByTimeAsync(99)
    expect(store.saves).toEqual([1n])
    await vi.advanceTimersByTimeAsync(1)
    expect(store.saves).toEqual([1n, 2n])
  })

  it('counts windows that are given before they are acknowledged, and not those that are withdrawn', async () => {
    store.isAtOnce = true
    saver.give()
    saver.give()
    expect(saver.room()).toBeUndefined()
    saver.give()
    const held = saver.room()
    expect(await isOver(held)).toBe(false)
    saver.take(at(2), 2)
    expect(await isOver(held)).toBe(true)
    expect(store.saves).toEqual([2n])
    saver.give()
    saver.give()
    expect(await isOver(saver.room())).toBe(false)
    saver.withdraw()
    saver.give()
    saver.give()
    expect(saver.room()).toBeUndefined()
  })
})

describe('a registration that has given far beyond the bound', () => {
  it('is held by each save that leaves more than that', async () => {
    store.isAtOnce = true
    for (let i = 0; i < 5; i++) saver.give()
    const held = saver.room()
    saver.take(at(1), 1)
    expect([await isOver(held), store.saves]).toEqual([false, [1n]])
    saver.take(at(2), 1)
    await vi.advanceTimersByTimeAsync(100)
    expect([await isOver(held), store.saves]).toEqual([false, [1n, 2n]])
    saver.take(at(3), 1)
    await vi.advanceTimersByTimeAsync(100)
    expect([await isOver(held), store.saves]).toEqual([true, [1n, 2n, 3n]])
  })
})

describe('a store that fails', () => {
  it('is named, tried again after a second, told of once, and no more asked at every window', async () => {
    store.isAtOnce = true
    store.fault = new Error('no space left')
    void saver.acknowledge(at(1))
    expect(saver.fault).toBeInstanceOf(CheckpointUnwritableError)
    void saver.acknowledge(at(2))
    const held = saver.acknowledge(at(3))
    expect([await isOver(held), store.saves]).toEqual([false, [1n]])
    await vi.advanceTimersByTimeAsync(1000)
    expect([await isOver(held), store.saves]).toEqual([false, [1n, 3n]])
    expect(lines).toEqual([['a checkpoint could not be saved', { error: saver.fault?.message }]])
    expect(saver.fault?.message).toContain('/state/people')
    store.fault = undefined
    await vi.advanceTimersByTimeAsync(1000)
    expect([await isOver(held), store.saves, saver.fault]).toEqual([true, [1n, 3n, 3n], undefined])
    expect(lines.at(-1)).toEqual(['checkpoints can be saved again', { scn: 3n }])
  })

  it('later, or at once, is told by the same error', async () => {
    const thrown = new CheckpointUnwritableError('/elsewhere', new Error('no'))
    for (const [error, keptIn] of [
      [new Error('no'), '/state/people'],
      [thrown, '/elsewhere'],
    ] as const) {
      store.isAtOnce = true
      store.fault = error
      expect(() => saver.saveNow(at(1))).toThrow(keptIn)
      store.isAtOnce = false
      const saving = saver.saveNow(at(1))
      const refused = expect(saving).rejects.toThrow(keptIn)
      await store.end(error)
      await refused
    }
  })
})

describe('the place where a registration begins', () => {
  it('is waited for where the store does not answer at once', async () => {
    const saving = saver.saveNow(at(1))
    expect(await isOver(saving)).toBe(false)
    await store.end()
    expect(await isOver(saving)).toBe(true)
    store.isAtOnce = true
    expect(saver.saveNow(at(2))).toBeUndefined()
  })

  it('is waited for no more once the end is near', async () => {
    const saving = saver.saveNow(at(1))
    const refused = expect(saving).rejects.toThrow('it did not answer before the client stopped')
    saver.release()
    await refused
    await expect(saver.saveNow(at(2))).rejects.toThrow(CheckpointUnwritableError)
  })
})

describe('a registration that is held', () => {
  it('is a fault after five seconds, with the number of windows that nobody has acknowledged', async () => {
    for (let i = 0; i < MAX; i++) saver.give()
    expect([saver.heldMs, saver.fault]).toEqual([0, undefined])
    const held = saver.room()
    await vi.advanceTimersByTimeAsync(4999)
    expect([saver.heldMs, saver.fault]).toEqual([4999, undefined])
    await vi.advanceTimersByTimeAsync(1)
    expect(saver.heldMs).toBe(5000)
    expect(saver.fault).toMatchObject({ code: 'AESOP_CLIENT_ACKNOWLEDGE_MISSING', fields: { windows: MAX } })
    store.isAtOnce = true
    saver.take(at(3), 2)
    expect(await isOver(held)).toBe(true)
    expect([saver.heldMs, saver.fault]).toEqual([0, undefined])
  })

  it('goes on when the end is near, and is held no more', async () => {
    for (let i = 0; i < MAX; i++) saver.give()
    const held = saver.room()
    expect(await isOver(held)).toBe(false)
    saver.release()
    expect(await isOver(held)).toBe(true)
    expect(saver.room()).toBeUndefined()
  })
})

it('what was acknowledged is saved when it is asked for, and at the close, whose failure is that of who closes', async () => {
  store.isAtOnce = true
  void saver.acknowledge(at(1))
  void saver.acknowledge(at(2))
  expect(store.saves).toEqual([1n])
  saver.flush()
  expect(store.saves).toEqual([1n, 2n])
  void saver.acknowledge(at(3))
  await saver.close()
  expect(store.saves).toEqual([1n, 2n, 3n])
  const other = new CheckpointSaver({ store, keptIn: '/state/people', unsavedWindowsMax: MAX, log: silentLogger })
  void other.acknowledge(at(4))
  void other.acknowledge(at(5))
  store.fault = new Error('no space left')
  await expect(other.close()).rejects.toThrow(CheckpointUnwritableError)
})
