import { type SnapshotChunk } from '@aesop/reading'
import { describe, expect, it, onTestFinished } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { ChunksAhead } from '../src/chunks-ahead.ts'

const chunkOf = (number: number, of: number): SnapshotChunk => ({
  bytes: Buffer.alloc(100),
  rows: 1,
  atScn: BigInt(number),
  visibleScn: 0n,
  ...(number < of ? { next: String(number) } : {}),
})

function aheadOf(of: number, maxBytes: number): { readonly ahead: ChunksAhead; readonly asked: string[] } {
  const asked: string[] = []
  const ahead = new ChunksAhead({
    read: (after) => {
      asked.push(after ?? 'the beginning')
      return Promise.resolve(chunkOf(Number(after ?? 0) + 1, of))
    },
    after: undefined,
    maxBytes,
  })
  onTestFinished(() => ahead.stop())
  return { ahead, asked }
}

describe('chunks that are read ahead', () => {
  it('are read while others wait, up to the bytes that may wait', async () => {
    const { ahead, asked } = aheadOf(100, 450)
    await until('five are there', () => asked.length === 5)
    expect((await ahead.next())?.atScn).toBe(1n)
    await until('the next one is read', () => asked.length === 6)
    expect(asked).toEqual(['the beginning', '1', '2', '3', '4', '5'])
  })

  it('come in their order, and end with the last one', async () => {
    const { ahead } = aheadOf(7, 250)
    const got: bigint[] = []
    for (let chunk = await ahead.next(); chunk !== undefined; chunk = await ahead.next()) got.push(chunk.atScn)
    expect(got).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n])
  })

  it('are none after a stop, also for who waits', async () => {
    const ahead = new ChunksAhead({
      read: (_after, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            resolve(undefined)
          })
        }),
      after: '3',
      maxBytes: 1,
    })
    const waiting = ahead.next()
    await ahead.stop()
    expect(await waiting).toBeUndefined()
    expect(await ahead.next()).toBeUndefined()
  })

  it('say what reading threw, before what is there', async () => {
    const fault = new Error('the reading is lost')
    const ahead = new ChunksAhead({
      read: (after) => (after === undefined ? Promise.resolve(chunkOf(1, 9)) : Promise.reject(fault)),
      after: undefined,
      maxBytes: 1000,
    })
    await until('it has thrown', () =>
      ahead.next().then(
        () => false,
        (error: unknown) => error === fault,
      ),
    )
  })
})
