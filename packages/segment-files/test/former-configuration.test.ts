import { expect, test } from 'vitest'
import { ModelDisk } from '../../../test/support/model-disk.ts'
import {
  FIRST_SCN,
  linesOfWindows,
  opened,
  type Opened,
  read,
  someWindows,
  started,
  write,
} from '../../../test/support/segment-history.ts'
import { configurationMark, decodeHeader, encodeHeader, type SegmentHeader } from '../src/segment-header.ts'

const WINDOWS = someWindows(24)
const LAST = WINDOWS.at(-1)?.scn ?? 0n
const MORE = someWindows(12, LAST)
const END = MORE.at(-1)?.scn ?? 0n

const HEADER: SegmentHeader = {
  eventVersion: 1,
  continues: true,
  physicalPartition: 7,
  number: 5,
  previousNumber: 4,
  previousEnd: 1000,
  capacityBytes: 4096,
  prevScn: 258n,
  scnSpace: 'space-1',
  configuration: undefined,
}
const BEFORE = '4145534f50534547000101010000000700000000000000050000000000000004000003e800001000000000000000010207'

const as = (configuration: string | undefined) =>
  configuration === undefined ? {} : { configuration: () => configuration }

async function leaves(disk: ModelDisk, configuration: string | undefined, from = FIRST_SCN): Promise<void> {
  const { buffer } = await started(disk, from, as(configuration))
  for (const window of from === FIRST_SCN ? WINDOWS : MORE) write(buffer, window)
  await buffer.close()
}

const files = async (disk: ModelDisk, suffix: string): Promise<number> =>
  (await disk.list()).filter((name) => name.endsWith(suffix)).length

/** What is left is of nobody: it is told, and the source is to go on behind it. */
async function expectSetAside({ leftScn, store }: Opened, disk: ModelDisk): Promise<void> {
  expect(leftScn).toBeUndefined()
  expect(store.former).toMatchObject({ scns: { prevScn: FIRST_SCN, lastScn: LAST }, scnSpace: 'test-space' })
  expect(store.concern).toMatch(
    /was set aside as .*000\.segment\.other and \d+ more: its source had another configuration/,
  )
  expect([await files(disk, '.segment'), (await files(disk, '.other')) > 3]).toEqual([0, true])
}

test('a header says the configuration in bytes that were empty: without one it is as it was', () => {
  const space = Buffer.from('space-1').toString('hex')
  const plain = encodeHeader(HEADER)
  expect(plain.toString('hex', 0, 156)).toBe(`${BEFORE}${space}${'00'.repeat(156 - 49 - 7)}`)
  expect(decodeHeader(plain)).toEqual(HEADER)
  const marked = { ...HEADER, scnSpace: 'x'.repeat(100), configuration: '0123456789ab' }
  const bytes = encodeHeader(marked)
  expect(bytes.toString('hex', 49, 156)).toBe(`${'78'.repeat(100)}060123456789ab`)
  expect(decodeHeader(bytes)).toEqual(marked)
})

test('a mark is of the whole text', () => {
  expect(configurationMark('one')).toBe('7692c3ad3540')
  expect(configurationMark('one ')).not.toBe(configurationMark('one'))
})

test('what was read under another configuration is served to nobody, with footers', async () => {
  const disk = new ModelDisk()
  await leaves(disk, 'one')
  const again = await opened(disk, as('one'))
  expect([again.leftScn, again.store.former]).toEqual([LAST, undefined])
  await again.buffer.close()
  await expectSetAside(await opened(disk, as('two')), disk)
})

test('what was read under another configuration is served to nobody, after kill -9', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk, FIRST_SCN, as('one'))
  for (const window of WINDOWS) write(buffer, window)
  await buffer.whenDurable()
  const killed = disk.killed()
  await expectSetAside(await opened(killed, as('two')), killed)
})

test.each([
  ['files of a former version, which do not say it', undefined, 'one'],
  ['files that say it, for a source that does not', 'one', undefined],
])('what can not be told apart is served on: %s', async (_what, then, now) => {
  const disk = new ModelDisk()
  await leaves(disk, then)
  const next = await started(disk, LAST, as(now))
  expect([next.store.former, next.store.concern]).toEqual([undefined, undefined])
  for (const window of MORE) write(next.buffer, window)
  expect(await read(next.buffer, FIRST_SCN)).toEqual(linesOfWindows([...WINDOWS, ...MORE]))
  await next.buffer.close()
  const third = await started(disk, END, as('one'))
  expect(await read(third.buffer, FIRST_SCN)).toEqual(linesOfWindows([...WINDOWS, ...MORE]))
})

test('nothing before the newest window of another configuration is served, also of the same one', async () => {
  const disk = new ModelDisk()
  await leaves(disk, 'one')
  const { buffer } = await started(disk, LAST, as(undefined))
  for (const window of MORE) write(buffer, window)
  await buffer.close()
  const two = await started(disk, END, as('two'))
  expect(two.store.former?.scns).toEqual({ prevScn: FIRST_SCN, lastScn: LAST })
  expect([two.leftScn, two.buffer.prevScn]).toEqual([END, LAST])
  expect(await read(two.buffer, LAST)).toEqual(linesOfWindows(MORE))
  write(two.buffer, { scn: END + 1n, keys: [1] })
  await two.buffer.close()
  const one = await opened(disk, as('one'))
  expect([one.leftScn, one.store.former?.scns?.lastScn]).toEqual([undefined, END + 1n])
})

test('a change while the source is read begins a file: what was read after it stays', async () => {
  const disk = new ModelDisk()
  let configuration = 'one'
  const { buffer } = await started(disk, FIRST_SCN, {
    segmentBytes: 1 << 16,
    residentBytes: 1 << 17,
    configuration: () => configuration,
  })
  for (const window of WINDOWS) write(buffer, window)
  await buffer.whenDurable()
  configuration = 'two'
  // This one shows it.
  write(buffer, { scn: LAST + 1n, keys: [1] })
  await buffer.whenDurable()
  write(buffer, { scn: LAST + 2n, keys: [2] })
  await buffer.whenDurable()
  write(buffer, { scn: LAST + 3n, keys: [3] })
  await buffer.close()
  expect(await files(disk, '.segment')).toBe(2)
  const next = await started(disk, LAST + 3n, as('two'))
  expect([next.store.former?.scns?.lastScn, next.buffer.prevScn]).toEqual([LAST + 1n, LAST + 1n])
  expect(await read(next.buffer, LAST + 1n)).toEqual([
    `${LAST + 2n}:2`,
    `${LAST + 2n}:end`,
    `${LAST + 3n}:3`,
    `${LAST + 3n}:end`,
  ])
})

test('what was set aside is told until it is gone, or acknowledged', async () => {
  const disk = new ModelDisk()
  await leaves(disk, 'one')
  const { store } = await opened(disk, as('two'))
  expect(store.concern).toBeDefined()
  store.acknowledge()
  expect(store.concern).toBeUndefined()
})
