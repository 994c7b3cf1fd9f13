import { describe, expect, it } from 'vitest'
import { TransactionOrderError } from '../src/error/errors.ts'
import { LogCursor } from '../src/log/log-cursor.ts'
import { ScnOfLog } from '../src/log/scn-of-log.ts'
import { PlaceEnd } from '../src/log/window-position.ts'
import { EventMark } from '../src/log/event-mark.ts'
import { TransactionWindow, type TransactionWindowOptions } from '../src/transaction/transaction-window.ts'

interface Wanted {
  readonly sinceScn?: bigint
  readonly reachScn?: bigint
  readonly emptyWindowEveryMs?: number
  readonly kept?: () => Promise<void> | undefined
  readonly whenWritable?: () => Promise<void> | undefined
}

/** A window whose log stands where it is told, and what it did, in order. */
function rigOf({ sinceScn = 0n, reachScn = -1n, emptyWindowEveryMs = Infinity, kept, whenWritable }: Wanted = {}) {
  const done: string[] = []
  const note = (what: string) => () => void done.push(what)
  const cursor = new LogCursor()
  const scn = new ScnOfLog(0)
  const resumePosition = () => new PlaceEnd(cursor, new EventMark(), undefined)
  const closing = (at: bigint): Promise<void> | undefined => {
    done.push(`closing ${at & 0xffffn}`)
    return kept?.()
  }
  const options = {
    sink: {
      beginWindow: note('sink begins'),
      endWindow: (at: bigint) => void done.push(`sink ends ${at & 0xffffn}`),
      rollbackWindow: note('sink rolls back'),
      whenWritable: whenWritable ?? (() => undefined),
    },
    rows: { beginWindow: note('rows begin'), forget: note('rows forget'), closing },
    onWindow: (at: bigint, { position }: { position: number }) => void done.push(`window ${at & 0xffffn} ${position}`),
    onPassed: note('passed'),
    cursor,
    scn,
    resumePosition,
    sinceScn,
    reachScn,
    emptyWindowEveryMs,
  } as unknown as TransactionWindowOptions
  const window = new TransactionWindow(options)
  const at = (position: number): TransactionWindow => {
    cursor.rotate('mysql-bin.000001', position)
    return window
  }
  const take = (): string[] => done.splice(0)
  return { window, at, take }
}

const FILE = 1n << 32n
const ended = (position: number): string[] => [
  `closing ${position}`,
  `sink ends ${position}`,
  `window ${position} ${position}`,
]

describe('the window of a transaction', () => {
  it('is begun once, and ends under the SCN of its place', async () => {
    const { window, at, take } = rigOf()
    expect(window.isOpen).toBe(false)
    window.open()
    window.open()
    expect([window.isOpen, take()]).toEqual([true, ['rows begin']])
    await at(100).close()
    expect([window.isOpen, take()]).toEqual([false, ended(100)])
  })

  it('is rolled back where it is open, and what its rows left out is forgotten in any case', () => {
    const { window, take } = rigOf()
    window.forget()
    expect(take()).toEqual(['rows forget'])
    window.open()
    window.forget()
    expect([window.isOpen, take()]).toEqual([false, ['rows begin', 'sink rolls back', 'rows forget']])
  })

  it('without anything in it is passed, nothing of its rows is asked', async () => {
    const { at, take } = rigOf()
    await at(100).close()
    expect(take()).toEqual(['passed'])
  })

  it('waits for what its rows store, then for the sink', async () => {
    let keep = (): void => undefined
    let write = (): void => undefined
    const kept = new Promise<void>((resolve) => (keep = resolve))
    const writable = new Promise<void>((resolve) => (write = resolve))
    const { at, take } = rigOf({ kept: () => kept, whenWritable: () => writable })
    at(100).open()
    let isDone = false
    const closing = at(100)
      .close()
      ?.then(() => (isDone = true))
    await Promise.resolve()
    expect(take()).toEqual(['rows begin', 'closing 100'])
    keep()
    await new Promise((resolve) => setImmediate(resolve))
    expect([take(), isDone]).toEqual([['sink ends 100', 'window 100 100'], false])
    write()
    await closing
    expect(isDone).toBe(true)
  })

  it('costs no promise where nobody waits', () => {
    const { at } = rigOf()
    at(100).open()
    expect(at(100).close()).toBeUndefined()
  })
})

describe('a window that comes again', () => {
  it('is dropped up to the last one, until one is new; from then on it is disorder', async () => {
    const { at, take } = rigOf({ sinceScn: FILE + 200n })
    for (const position of [100, 200]) {
      at(position).open()
      await at(position).close()
      expect(take()).toEqual(['rows begin', 'sink rolls back', 'rows forget', 'passed'])
    }
    at(201).open()
    await at(201).close()
    expect(take()).toEqual(['rows begin', ...ended(201)])
    at(201).open()
    expect(() => at(201).close()).toThrow(TransactionOrderError)
    expect(() => at(150).close()).toThrow(`SCN ${FILE + 150n} after ${FILE + 201n}, before mysql-bin.000001:150`)
  })

  it('is dropped again behind a new connection', async () => {
    const { window, at, take } = rigOf()
    at(100).open()
    await at(100).close()
    window.resume()
    take()
    at(100).open()
    await at(100).close()
    expect(take()).toEqual(['rows begin', 'sink rolls back', 'rows forget', 'passed'])
    at(101).open()
    await at(101).close()
    expect(take()).toEqual(['rows begin', ...ended(101)])
  })

  it('and has nothing in it is no disorder', async () => {
    const { at, take } = rigOf({ emptyWindowEveryMs: 0 })
    at(100).open()
    await at(100).close()
    take()
    await at(100).close()
    expect(take()).toEqual(['rows forget', 'passed'])
  })
})

describe('an empty window', () => {
  it('moves the SCN at first, and then when the time has come', async () => {
    const { at, take } = rigOf({ emptyWindowEveryMs: 1e9 })
    await at(100).close()
    expect(take()).toEqual(['closing 100', 'sink begins', 'sink ends 100', 'window 100 100'])
    await at(200).close()
    expect(take()).toEqual(['passed'])
  })

  it('comes at once where it is hurried', async () => {
    const { window, at, take } = rigOf({ emptyWindowEveryMs: 1e9 })
    await at(100).close()
    take()
    window.hurry()
    await at(200).close()
    expect(take()).toContain('sink ends 200')
  })

  it('comes as soon as the SCN is reached for which others wait, once', async () => {
    const { at, take } = rigOf({ emptyWindowEveryMs: 1e9, reachScn: FILE + 300n })
    await at(100).close()
    take()
    const seen: (readonly [number, boolean])[] = []
    for (const position of [200, 299, 300, 301, 400]) {
      await at(position).close()
      seen.push([position, take().includes(`sink ends ${position}`)])
    }
    expect(seen).toEqual([
      [200, false],
      [299, false],
      [300, true],
      [301, false],
      [400, false],
    ])
  })

  it('is not asked for by windows with rows', async () => {
    const { at, take } = rigOf({ emptyWindowEveryMs: 1e9 })
    at(100).open()
    await at(100).close()
    take()
    await at(200).close()
    expect(take()).toContain('sink begins')
  })
})
