import { type SegmentDisk, SegmentLog } from '@aesop/segment-files'
import { expect, test } from 'vitest'
import { drained } from '../../../test/support/windows.ts'
import {
  FIRST_SCN,
  linesOfWindows,
  opened,
  someWindows,
  type SourceWindow,
  started,
  write,
} from '../../../test/support/segment-history.ts'
import { ModelDisk } from '../../../test/support/model-disk.ts'

const WINDOWS = someWindows(30)
const LAST = WINDOWS.at(-1)?.scn ?? 0n

interface Seen {
  readonly prevScn: bigint
  readonly lastScn: bigint
  readonly lines: readonly string[]
}

/** What somebody sees who looks at a folder now; undefined: nothing. */
async function seen(disk: SegmentDisk, afterScn?: bigint, fromNumber?: number): Promise<Seen | undefined> {
  const view = await new SegmentLog(disk, 1).look(fromNumber)
  if ('aside' in view) return undefined
  const reader = view.openReader()
  await reader.seek(afterScn ?? view.prevScn, -1)
  const lines = await drained(reader, 700)
  await view.close()
  return { prevScn: view.prevScn, lastScn: view.lastScn, lines }
}

/** Whole windows between two SCNs, without a hole. */
function assertWhole(windows: readonly SourceWindow[], { prevScn, lastScn, lines }: Seen): void {
  expect(lines).toEqual(linesOfWindows(windows.filter(({ scn }) => scn > prevScn && scn <= lastScn)))
}

test('whoever looks while a folder is written sees whole windows without a hole, ever more of them', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk, FIRST_SCN, { maxBytes: 4096 })
  let last = FIRST_SCN
  let looks = 0
  for (const window of WINDOWS) {
    write(buffer, window)
    for (let turn = 0; turn < 4; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      const now = await seen(disk)
      if (now === undefined) continue
      assertWhole(WINDOWS, now)
      expect(now.lastScn).toBeGreaterThanOrEqual(last)
      last = now.lastScn
      looks++
    }
  }
  await buffer.close()
  const end = await seen(disk)
  expect([end?.lastScn, looks > 60, (end?.prevScn ?? 0n) > FIRST_SCN]).toEqual([LAST, true, true])
})

test('it changes nothing, takes no lock, and sees what the next process would serve, wherever one was killed', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk)
  let looks = 0
  for (const window of [...WINDOWS, { scn: LAST + 1n, keys: Array.from({ length: 60 }, (_, key) => key) }]) {
    write(buffer, window)
    await new Promise((resolve) => setImmediate(resolve))
    const killed = disk.killed()
    const before = await contents(killed)
    const view = await seen(killed)
    expect(await contents(killed)).toEqual(before)
    const next = await opened(killed)
    expect([view?.lastScn, view?.prevScn]).toEqual(
      next.leftScn === undefined ? [undefined, undefined] : [next.leftScn, next.buffer.prevScn],
    )
    if (view !== undefined) looks++
  }
  expect(looks).toBeGreaterThan(25)
})

test('who knows the file that it has read looks at no older one', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk)
  for (const window of WINDOWS) write(buffer, window)
  await buffer.whenDurable()
  const names = (await disk.list()).sort()
  const at = names.length - 3
  const all = await seen(disk)
  const newer = await seen(disk, undefined, at)
  expect(all?.prevScn).toBe(FIRST_SCN)
  expect(newer?.prevScn).toBeGreaterThan(FIRST_SCN)
  assertWhole(WINDOWS, newer as Seen)
  expect(newer?.lastScn).toBe(LAST)
})

test('a change is noticed: a window, a file, and nothing else', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk)
  const log = new SegmentLog(disk, 1)
  expect(await log.look()).toEqual({ aside: new Map() })
  expect(await log.hasChanged()).toBe(false)
  write(buffer, { scn: 101n, keys: [1] })
  await buffer.whenDurable()
  expect(await log.hasChanged()).toBe(true)
  await log.look()
  expect(await log.hasChanged()).toBe(false)
  write(buffer, { scn: 102n, keys: Array.from({ length: 30 }, (_, key) => key) })
  await buffer.whenDurable()
  expect(await log.hasChanged()).toBe(true)
})

test('files of another physical source are nothing, and named', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk)
  write(buffer, { scn: 101n, keys: [1] })
  await buffer.close()
  const view = await new SegmentLog(disk, 2).look()
  expect('aside' in view && [...view.aside.values()].join()).toBe('it is of physical source 1, expected 2')
})

async function contents(disk: ModelDisk): Promise<Record<string, string>> {
  const names = await disk.list()
  return Object.fromEntries(names.map((name) => [name, disk.bytesOf(name).toString('hex')]))
}
