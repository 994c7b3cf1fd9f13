import { type BufferReader, EventBuffer, Segment, SegmentDamagedError } from '@aesop/buffer'
import { type WindowChunk } from '@aesop/reading'
import { expect, test, vi } from 'vitest'
import { FarSegments } from '../../../test/support/far-segments.ts'
import { addWindow, drained, linesOf } from '../../../test/support/windows.ts'
import { ProvenPiece } from '../src/proven-piece.ts'
import { ProvenPieces } from '../src/proven-pieces.ts'

const SEGMENT_BYTES = 16_384
const WINDOWS = 300
/** One event and the end of its window. */
const WINDOW_BYTES = 161
const ASKED = 10 * WINDOW_BYTES
const READERS = 20

async function far(): Promise<{ buffer: EventBuffer; store: FarSegments }> {
  const store = new FarSegments(SEGMENT_BYTES, 1)
  const buffer = new EventBuffer({ maxBytes: 64 * SEGMENT_BYTES, physicalPartition: 1, store })
  await buffer.open()
  buffer.start(100n)
  for (let i = 0; i < WINDOWS; i++) addWindow(buffer, buffer.lastScn + 1n, [{ key: i, valueBytes: 39 }])
  return { buffer, store }
}

async function placed(buffer: EventBuffer, scn = 100n): Promise<BufferReader> {
  const reader = buffer.openReader()
  await reader.seek(scn, -1)
  return reader
}

async function chunkOf(reader: BufferReader, maxBytes = ASKED, toWindowEnd = false): Promise<WindowChunk> {
  const step = await reader.next(maxBytes, toWindowEnd)
  if (step.kind !== 'chunk') throw new Error(`expected a chunk, got ${step.kind}`)
  return step
}

function lines(from: bigint, to: bigint): string[] {
  const all: string[] = []
  for (let scn = from; scn <= to; scn++) all.push(`${scn}:${scn - 101n}`, `${scn}:end`)
  return all
}

test('readers that go through the same segments together have them read and proved once, and get the same memory', async () => {
  const { buffer, store } = await far()
  const alone = await placed(buffer)
  const expected = await drained(alone, ASKED)
  const readsOfOne = store.reads
  const { buffer: another, store: shared } = await far()
  const readers = await Promise.all(Array.from({ length: READERS }, () => placed(another)))
  const all = await Promise.all(readers.map((reader) => drained(reader, ASKED)))
  expect(all).toEqual(readers.map(() => expected))
  expect(shared.reads).toBe(readsOfOne)
  const [one, other] = await Promise.all([placed(another), placed(another)])
  const chunks = await Promise.all([chunkOf(one), chunkOf(other)])
  expect(chunks[0].bytes.buffer).toBe(chunks[1].bytes.buffer)
  expect(chunks[0].bytes.byteOffset).toBe(chunks[1].bytes.byteOffset)
})

test('a reader that comes into the midst of what another has read gets the rest of that, and as much as it asks for', async () => {
  const { buffer, store } = await far()
  const first = await chunkOf(await placed(buffer))
  expect(linesOf(first.bytes)).toEqual(lines(101n, 110n))
  const reader = await placed(buffer, 104n)
  const before = store.reads
  expect(linesOf((await chunkOf(reader, 2 * WINDOW_BYTES)).bytes)).toEqual(lines(105n, 106n))
  expect(await reader.next(50)).toMatchObject({ kind: 'tooSmall' })
  expect(linesOf((await chunkOf(reader)).bytes)).toEqual(lines(107n, 110n))
  expect([store.reads - before, reader.scn, reader.atWindowEnd]).toEqual([0, 110n, true])
  expect(linesOf((await chunkOf(reader)).bytes)).toEqual(lines(111n, 120n))
  expect(store.reads - before).toBe(1)
})

test('who wants the end of a window is not given the rest of a piece that has none', async () => {
  const { buffer } = await far()
  const whole = await chunkOf(await placed(buffer), 2 * WINDOW_BYTES + 100)
  expect(linesOf(whole.bytes)).toEqual([...lines(101n, 102n), '103:2'])
  const reader = await placed(buffer)
  expect(linesOf((await chunkOf(reader, ASKED, true)).bytes)).toEqual(lines(101n, 102n))
  expect(linesOf((await chunkOf(reader, ASKED, true)).bytes)).toEqual(lines(103n, 112n))
})

test('who waits for what another one reads is told of its damage, once it is set aside, and is closed without it', async () => {
  const { buffer, store } = await far()
  const damaged = store.damage(({ firstWindowScn }) => firstWindowScn === 101n)
  const readers = await Promise.all(Array.from({ length: 5 }, () => placed(buffer)))
  const steps = readers.map(async (reader) => reader.next(SEGMENT_BYTES))
  readers[4]?.close()
  expect(await Promise.all(steps)).toEqual([
    ...Array.from({ length: 4 }, () => ({ kind: 'overrun', scn: 100n })),
    { kind: 'caughtUp' },
  ])
  expect([store.aside, buffer.prevScn]).toEqual([[damaged], damaged.lastWindowScn])
})

test('who waits for a read that fails reads itself', async () => {
  const { buffer, store } = await far()
  const readers = await Promise.all([placed(buffer), placed(buffer)])
  vi.spyOn(store, 'read').mockRejectedValueOnce(new Error('too many open files'))
  const [one, other] = await Promise.allSettled(readers.map((reader) => chunkOf(reader)))
  expect(one).toMatchObject({ status: 'rejected', reason: { message: 'too many open files' } })
  expect(other?.status === 'fulfilled' && linesOf(other.value.bytes)).toEqual(lines(101n, 110n))
})

test('a chunk that is held stays as it is, though another reader has let go of the same piece', async () => {
  const { buffer, store } = await far()
  const given: Buffer[] = []
  Object.assign(store, { takeBack: (bytes: Buffer) => given.push(bytes) })
  const [holder, other] = await Promise.all([placed(buffer), placed(buffer)])
  const [held, passed] = await Promise.all([chunkOf(holder), chunkOf(other)])
  passed.release()
  passed.release()
  await drained(other, ASKED)
  expect(linesOf(held.bytes)).toEqual(lines(101n, 110n))
  expect(given).toEqual([])
})

test('of pieces that nobody shows the oldest are given up when they are too many, and given back', () => {
  const segment = new Segment(SEGMENT_BYTES)
  const given: Buffer[] = []
  const pieces = new ProvenPieces((bytes) => given.push(bytes), 250)
  const all = [0, 100, 200, 300].map((from) => {
    const piece = new ProvenPiece(segment, from, Buffer.allocUnsafeSlow(100), 0)
    pieces.add(piece)
    pieces.use(piece)
    return piece
  }) as [ProvenPiece, ProvenPiece, ProvenPiece, ProvenPiece]
  const [shown, ...others] = all
  for (const piece of others) pieces.letGo(piece)
  expect(given).toEqual([others[0].bytes])
  expect([0, 100, 200, 399].map((at) => pieces.find(segment, at))).toEqual([shown, undefined, others[1], others[2]])
  expect([pieces.find(segment, 400), pieces.find(new Segment(1), 0)]).toEqual([undefined, undefined])
  pieces.use(shown)
  pieces.letGo(shown)
  expect(given, 'it is shown still').toHaveLength(1)
  pieces.letGo(shown)
  expect(given).toEqual([others[0].bytes, shown.bytes])
})

test('a piece larger than all that may be kept is there as long as it is shown', () => {
  const segment = new Segment(SEGMENT_BYTES)
  const given: Buffer[] = []
  const pieces = new ProvenPieces((bytes) => given.push(bytes), 50)
  const piece = new ProvenPiece(segment, 0, Buffer.allocUnsafeSlow(100), 0)
  pieces.add(piece)
  pieces.use(piece)
  expect(pieces.find(segment, 0)).toBe(piece)
  pieces.letGo(piece)
  expect([pieces.find(segment, 0), given]).toEqual([undefined, [piece.bytes]])
})

test('damage is told by name where nobody else reads', async () => {
  const { buffer, store } = await far()
  vi.spyOn(store, 'read').mockRejectedValue(new SegmentDamagedError('of a test', 'it is not there'))
  expect(await (await placed(buffer)).next(ASKED)).toEqual({ kind: 'overrun', scn: 100n })
})
