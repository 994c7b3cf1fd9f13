import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type EventAppend, type ValueWriter } from '@aesop/event'
import { MemorySchemaRegistry } from '@aesop/schema'
import { afterEach, describe, expect, it } from 'vitest'
import { seedOf } from '../../../test/support/seed.ts'
import { SeededDraw } from '../../../test/support/seeded-draw.ts'
import { newFolder } from '../../../test/support/test-folder.ts'
import { until } from '../../../test/support/until.ts'
import { XaFileError } from '../src/error/xa-errors.ts'
import { BinLogEvent } from '../src/log/binlog-event.ts'
import { LogCursor } from '../src/log/log-cursor.ts'
import { BLOCK_BYTES, clearHeldFiles } from '../src/transaction/held-file.ts'
import { type HeldTransaction, HeldXa } from '../src/transaction/held-xa.ts'
import { TransactionBegin } from '../src/transaction/transaction-begin.ts'
import { FILE, logOf, rows, sql, XA } from './made-transactions.ts'
import { decodeRecording, RecordingSink } from './recorded-log.ts'

const KIB = 1024
/** Sizes below, at and above a block, header included. */
const SIZES: [number, ...number[]] = [19, 20, 300, 5 * KIB, 70 * KIB, BLOCK_BYTES - 4, BLOCK_BYTES, 2 * BLOCK_BYTES + 7]

/** Files of this process in a folder that have no name any more, as paths by which they can be opened. */
function openIn(folder: string): string[] {
  return readdirSync('/proc/self/fd')
    .map((fd) => `/proc/self/fd/${fd}`)
    .filter((path) => {
      try {
        return readlinkSync(path).startsWith(`${folder}/`)
      } catch {
        return false
      }
    })
}

const folders: string[] = []
function folderOf(): string {
  const folder = join(newFolder('xa'), 'shop')
  folders.push(folder)
  return folder
}
afterEach(async () => {
  for (const folder of folders.splice(0)) await until('its files are closed', () => openIn(folder).length === 0)
})

function eventOf(bytes: number, fill = 7): BinLogEvent {
  const all = Buffer.alloc(bytes + 10, fill)
  all.writeUInt32LE(bytes, 5)
  return new BinLogEvent().set(all, 5, 5 + bytes)
}

const begin = (): ReturnType<TransactionBegin['xa']> => new TransactionBegin(new LogCursor()).xa()

/** A digest for each event: bytes are compared one by one otherwise, and there are many. */
async function eventsOf(held: HeldTransaction | undefined): Promise<string[]> {
  const events: string[] = []
  for await (const event of held?.events ?? []) events.push(createHash('sha1').update(event).digest('hex'))
  return events
}

/** Drives a memory form and one on disk through the same. */
class Pair {
  readonly memory = new HeldXa()
  readonly disk: HeldXa
  constructor(folder: string, transactionBytes: number, totalBytes: number) {
    this.disk = new HeldXa({ folder, transactionBytes, totalBytes })
  }
  both<Result>(step: (held: HeldXa) => Result): [Result, Result] {
    return [step(this.memory), step(this.disk)]
  }
  async same(step: (held: HeldXa) => HeldTransaction | undefined): Promise<void> {
    const [memory, disk] = this.both(step)
    expect(await eventsOf(disk)).toEqual(await eventsOf(memory))
    this.memory.drop(memory)
    this.disk.drop(disk)
  }
}

describe('rows of XA transactions that wait on disk', () => {
  it.each([
    [1, 1],
    [600, 2000],
    [100 * KIB, 150 * KIB],
  ])('are those of the memory form: at most %d bytes of one and %d of all in memory', async (one, all) => {
    const folder = folderOf()
    const pair = new Pair(folder, one, all)
    const waiting = new Set<string>()
    const draw = new SeededDraw(seedOf(7))
    let [mostBytes, undone, settled] = [0, 0, 0]
    for (let round = 0; round < 40; round++) {
      pair.both((held) => {
        held.open(begin())
      })
      const undoers: [(() => void) | undefined, (() => void) | undefined][] = []
      for (let i = draw.below(12); i > 0; i--) {
        if (draw.below(4) === 0) undoers.push(pair.both((held) => held.undoer()))
        const event = eventOf(draw.of(SIZES), draw.below(256))
        pair.both((held) => held.take(event))
        mostBytes = Math.max(mostBytes, pair.disk.memoryBytes)
        if (draw.below(2) === 0) await pair.disk.whenWritten()
        if (draw.below(5) === 0) {
          for (const undo of undoers.pop() ?? []) undo?.()
          undone++
        }
      }
      const xid = String(draw.below(8))
      if (draw.below(3) === 0) await pair.same((held) => held.close())
      else {
        pair.both((held) => {
          const xa = held.close()
          if (xa !== undefined) held.prepare(xid, xa, 0)
        })
        waiting.add(xid)
      }
      const [verdict] = waiting
      if (verdict !== undefined && draw.below(2) === 0) {
        waiting.delete(verdict)
        settled++
        await pair.same((held) => held.settle(verdict))
      }
    }
    expect([undone > 5, settled > 5, existsSync(folder), mostBytes <= all]).toEqual([true, true, true, true])
    pair.disk.forget()
    expect(pair.disk.memoryBytes).toBe(0)
  })

  it('use blocks again, and the file ends with the last one that waits', async () => {
    const folder = folderOf()
    const held = new HeldXa({ folder, transactionBytes: 1, totalBytes: 1 })
    held.open(begin())
    held.take(eventOf(100))
    const first = held.close()
    if (first !== undefined) held.prepare('first', first, 0)
    let most = 0
    for (let i = 0; i < 20; i++) {
      held.open(begin())
      held.take(eventOf(BLOCK_BYTES))
      await held.whenWritten()
      const [file = ''] = openIn(folder)
      most = Math.max(most, statSync(file).size)
      held.drop(held.close())
    }
    expect(readdirSync(folder)).toEqual([])
    expect(most).toBeLessThanOrEqual(3 * BLOCK_BYTES)
    held.drop(held.settle('first'))
    await until('the file is closed', () => openIn(folder).length === 0)
  })

  it('are refused by name when they are not what was written', async () => {
    const folder = folderOf()
    const held = new HeldXa({ folder, transactionBytes: 1, totalBytes: 1 })
    held.open(begin())
    held.take(eventOf(300))
    await held.whenWritten()
    const file = await open(openIn(folder)[0] ?? '', 'r+')
    await file.write(Buffer.from([1]), 0, 1, 100)
    await file.write(Buffer.from([2]), 0, 1, 101)
    await file.close()
    const xa = held.close()
    await expect(eventsOf(xa)).rejects.toThrow(/are not what was written/)
    held.drop(xa)
  })

  it('begin where the oldest of them does, also where an identifier is prepared once more without a verdict', () => {
    const held = new HeldXa()
    const prepare = (xid: string, position: number): void => {
      held.open({ gtid: undefined, from: { ...begin().from, position } })
      const xa = held.close()
      if (xa !== undefined) held.prepare(xid, xa, 0)
    }
    prepare('first', 10)
    prepare('second', 20)
    prepare('first', 30)
    expect(held.oldestFrom?.position).toBe(20)
  })

  it('leave nothing: what a process left that died is removed', () => {
    const folder = folderOf()
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, '1'), 'left')
    clearHeldFiles(folder)
    clearHeldFiles(folder)
    expect(existsSync(folder)).toBe(false)
  })
})

describe('a log whose XA transactions wait on disk', () => {
  it.each(['shapes', 'mysql9-shapes', 'mysql9-shapes-compressed'])(
    '%s is the same byte for byte',
    async (recording) => {
      const folder = folderOf()
      const tables = ['shop.item', 'shop.pair']
      const heldXa = { folder, transactionBytes: 1, totalBytes: 1 }
      const [memory, disk] = [
        await decodeRecording(recording, tables, { emptyWindowEveryMs: Infinity }),
        await decodeRecording(recording, tables, { heldXa, emptyWindowEveryMs: Infinity }),
      ]
      expect(disk.windows).toEqual(memory.windows)
      expect(existsSync(folder)).toBe(true)
    },
  )

  it('tells by name that they can not be written, and reads them again when they can', async () => {
    const folder = folderOf()
    writeFileSync(folder, 'no folder')
    const log = await logOf({ heldXa: { folder, transactionBytes: 1, totalBytes: 1 } })
    const error: unknown = await log.add('xid', 'prepared', ...rows).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(XaFileError)
    expect(error).toMatchObject({ canRetry: true, code: 'AESOP_MYSQL_XA_FILE', fields: { folder } })
    rmSync(folder)
    log.reset(true)
    await log.add('prepared', ...rows, sql(`XA END ${XA}`), 'prepare', 'standalone', sql(`XA COMMIT ${XA}`))
    expect(log.sink.windows.map(({ changes }) => changes.length)).toEqual([3])
  })

  it('adds nothing more when the connection is given up while they are read back', async () => {
    const folder = folderOf()
    let onAppend = (): void => undefined
    class Sink extends RecordingSink {
      override append(append: EventAppend, write: ValueWriter): void {
        super.append(append, write)
        onAppend()
      }
    }
    const schemas = new MemorySchemaRegistry()
    const sink = new Sink(schemas)
    const log = await logOf({ sink, schemas, heldXa: { folder, transactionBytes: 1, totalBytes: 1 } })
    await log.add('xid', 'prepared', ...rows, ...rows, sql(`XA END ${XA}`), 'prepare')
    onAppend = () => {
      onAppend = () => undefined
      setImmediate(() => {
        log.reset(true)
      })
    }
    await log.add('standalone', sql(`XA COMMIT ${XA}`))
    expect([sink.rolledBack, sink.windows, sink.pending]).toEqual([1, [], []])
  })

  it.each(['prepared', 'mysqlGtid'] as const)(
    'names what was prepared as read only with its window: who ends before reads its rows again (%s)',
    async (gtid) => {
      const folder = folderOf()
      const passedBefore: number[] = []
      class Sink extends RecordingSink {
        override append(append: EventAppend, write: ValueWriter): void {
          super.append(append, write)
          passedBefore.push(passed().length)
        }
      }
      const schemas = new MemorySchemaRegistry()
      const sink = new Sink(schemas)
      const log = await logOf({ sink, schemas, heldXa: { folder, transactionBytes: 1, totalBytes: 1 } })
      const passed = (): string[] => log.story.filter((each) => each.startsWith('passed'))
      const begins = gtid === 'prepared' ? (['xid', gtid] as const) : (['xid', gtid, sql(`XA START ${XA}`)] as const)
      await log.add(...begins, ...rows, sql(`XA END ${XA}`), 'prepare')
      await log.add(gtid === 'prepared' ? 'standalone' : 'mysqlGtid', sql(`XA COMMIT ${XA}`))
      expect([passedBefore, passed().length, sink.windows.length]).toEqual([[0, 0, 0], 1, 1])
      expect(log.story.findIndex((each) => each.startsWith('passed'))).toBe(log.story.length - 2)
    },
  )

  it('names what was prepared as read, too, where its verdict is passed over', async () => {
    const parts = ['xid', 'mysqlGtid', sql(`XA START ${XA}`), ...rows, sql(`XA END ${XA}`), 'prepare'] as const
    const first = await logOf()
    await first.add(...parts)
    const passOvers = [{ file: FILE, position: first.ends.at(-1) ?? 0 }]
    const log = await logOf({ passOvers })
    await log.add(...parts, 'mysqlGtid', sql(`XA COMMIT ${XA}`))
    expect(log.story.map((each) => each.split(' ')[0])).toEqual([
      ...first.story.map((each) => each.split(' ')[0]),
      'passed',
      'window',
    ])
  })
})
