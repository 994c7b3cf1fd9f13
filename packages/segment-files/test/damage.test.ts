import { expect, test } from 'vitest'
import {
  FIRST_SCN,
  linesOfWindows,
  opened,
  read,
  someWindows,
  started,
  write,
} from '../../../test/support/segment-history.ts'
import { ModelDisk } from '../../../test/support/model-disk.ts'

const WINDOWS = someWindows(9)
/** Each byte, or one of so many: events of version 2 prove themselves byte by byte in their own tests. */
const STEP = { 1: 1, 2: 5 } as const
const LAST = WINDOWS.at(-1)?.scn ?? 0n

/** What a process leaves that was closed in order. */
async function left(eventVersion: 1 | 2 = 1): Promise<ModelDisk> {
  const disk = new ModelDisk()
  const { buffer } = await started(disk, FIRST_SCN, { eventVersion })
  for (const window of WINDOWS) write(buffer, window)
  await buffer.close()
  return disk
}

/** Reads from the oldest window on until the end, and over again where a segment proves damaged meanwhile. */
async function served(
  disk: ModelDisk,
  eventVersion: 1 | 2,
): Promise<{ prevScn: bigint; lines: string[]; concern: string | undefined }> {
  const { buffer, store, leftScn } = await opened(disk, { eventVersion })
  store.begin('test-space')
  buffer.start(leftScn ?? LAST)
  for (;;) {
    const { prevScn } = buffer
    try {
      return { prevScn, lines: await read(buffer, prevScn), concern: store.concern }
    } catch (error) {
      if (buffer.prevScn === prevScn) throw error
    }
  }
}

/** The windows between two SCNs: whatever is damaged, what is served is that, whole. */
function assertWhole(what: string, prevScn: bigint, lines: readonly string[]): bigint {
  const last = BigInt(lines.at(-1)?.split(':')[0] ?? prevScn)
  const expected = linesOfWindows(WINDOWS.filter(({ scn }) => scn > prevScn && scn <= last))
  if (JSON.stringify(lines) !== JSON.stringify(expected)) expect(lines, what).toEqual(expected)
  return last
}

test.each([1, 2] as const)(
  'one bit flipped, anywhere: what is served is whole windows without a hole (version %d)',
  async (version) => {
    const whole = await left(version)
    const names = await whole.list()
    const seen = { noticed: 0, harmless: 0, shorter: 0 }
    for (const name of names) {
      const { length } = whole.bytesOf(name)
      for (let at = 0; at < length; at++) {
        const disk = whole.killed()
        const bytes = disk.bytesOf(name)
        bytes[at] = (bytes[at] as number) ^ (1 << (at % 8))
        const { prevScn, lines, concern } = await served(disk, version)
        const last = assertWhole(`bit of byte ${at} of ${name}`, prevScn, lines)
        if (prevScn === FIRST_SCN && last === LAST) seen.harmless++
        else if (last < LAST) seen.shorter++
        else if (concern !== undefined) seen.noticed++
        else expect({ name, at, prevScn, last }, 'nobody was told').toBeUndefined()
      }
    }
    expect(names.length).toBeGreaterThan(3)
    // A footer that proves false is made anew by a look at the events.
    expect([seen.noticed > 500, seen.harmless > 300, seen.shorter > 5], JSON.stringify(seen)).toEqual([
      true,
      true,
      true,
    ])
  },
)

test.each([1, 2] as const)(
  'cut off after any byte, or gone: what is served is whole windows without a hole (version %d)',
  async (version) => {
    const whole = await left(version)
    let shorter = 0
    for (const name of await whole.list()) {
      for (let end = 0; end <= whole.bytesOf(name).length; end += STEP[version]) {
        const disk = whole.killed()
        disk.replace(name, disk.bytesOf(name).subarray(0, end))
        const { prevScn, lines } = await served(disk, version)
        const last = assertWhole(`the first ${end} bytes of ${name}`, prevScn, lines)
        if (prevScn > FIRST_SCN || last < LAST) shorter++
      }
      const disk = whole.killed()
      await disk.remove(name)
      const { prevScn, lines } = await served(disk, version)
      assertWhole(`without ${name}`, prevScn, lines)
    }
    expect(shorter).toBeGreaterThan(500 / STEP[version])
  },
)

test('a file that was set aside keeps its number for itself', async () => {
  const disk = await left()
  const newest = (await disk.list()).sort().at(-1) ?? ''
  const bytes = disk.bytesOf(newest)
  bytes[20] = (bytes[20] as number) ^ 1
  await (await opened(disk)).buffer.close()
  const { buffer } = await started(disk, LAST)
  write(buffer, { scn: LAST + 1n, keys: [1] })
  await buffer.close()
  const names = await disk.list()
  expect(names).toContain(`${newest}.damaged`)
  const written = names.filter((name) => name.endsWith('.segment'))
  expect([written.length, written.every((name) => name > newest)]).toEqual([1, true])
})

test('a file that is damaged while the buffer is served is set aside, and those who were before it are told', async () => {
  const disk = await left()
  const { buffer, store } = await started(disk, LAST)
  const reader = buffer.openReader()
  await reader.seek(FIRST_SCN, -1)
  const names = await disk.list()
  const name = names[3] ?? ''
  const bytes = disk.bytesOf(name)
  bytes[400] = (bytes[400] as number) ^ 1
  const lost = await read(buffer, FIRST_SCN).catch((error: unknown) => String(error))
  expect(lost).toContain('overrun')
  expect(store.concern).toMatch(/CRC/)
  await buffer.whenDurable()
  await read(buffer, buffer.prevScn)
  await buffer.close()
  expect((await disk.list()).filter((each) => each.endsWith('.damaged'))).toEqual([`${name}.damaged`])
})
