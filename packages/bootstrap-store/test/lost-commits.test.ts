import { beforeEach, describe, expect, it } from 'vitest'
import { eventOf, pieceOf, SCHEMA_CHANGE_ID, told } from '../../../test/support/stored-events.ts'
import { type WindowBatch } from '../src/index.ts'
import { SqlStoreReader } from '../src/sql/sql-store-reader.ts'
import { SqlStoreWriter } from '../src/sql/sql-store-writer.ts'
import { openTables } from '../src/sql/store-tables.ts'
import { SqliteSession } from '../src/sqlite/sqlite-session.ts'

/** A connection that is lost just before or just after a commit: whoever waits for it can't tell which. */
class LosingSession extends SqliteSession {
  loses: 'before' | 'after' | undefined

  override async transaction<T>(kind: 'writes' | 'reads', work: () => Promise<T>): Promise<T> {
    const { loses } = this
    this.loses = undefined
    const result = await super.transaction(kind, async () => {
      const done = await work()
      if (loses === 'before') throw new Error('lost')
      return done
    })
    if (loses === 'after') throw new Error('lost')
    return result
  }
}

let session: LosingSession
let writer: SqlStoreWriter

beforeEach(async () => {
  session = new LosingSession(':memory:', 'writes')
  await openTables(session, 'memory')
  writer = new SqlStoreWriter(session, { bytes: 300, ms: 1000 }, () => 0)
  await writer.declare({ name: 'shop', sources: ['shop.item'], schemaChangeId: SCHEMA_CHANGE_ID })
  await writer.activate('shop.item')
})

const batchOf = (endScn: bigint | undefined, scn: bigint, ...values: readonly string[]): WindowBatch => ({
  scnSpace: 'space-1',
  pieces:
    values.length === 0
      ? []
      : [
          pieceOf(
            'shop.item',
            values.map((value) => eventOf({ scn, key: 1n, value })),
          ),
        ],
  endScn,
})

async function log(): Promise<readonly string[]> {
  const question = { source: 'shop.item', startScn: -1n, targetScn: 100n, sinceScn: 0n, maxBytes: 1 << 20 }
  const answer = await new SqlStoreReader(session).log({ ...question, afterOrdinal: 0n })
  if (answer.kind !== 'events') throw new Error('too small')
  expect(answer.place).toBe(BigInt(answer.rows))
  return told(answer.bytes)
}

describe.each(['before', 'after'] as const)('a connection that is lost just %s a commit', (loses) => {
  async function writeTwice(batch: WindowBatch): Promise<void> {
    session.loses = loses
    await expect(writer.writeWindows('shop', batch)).rejects.toThrow('lost')
    expect(await writer.writeWindows('shop', batch)).toBe(true)
  }

  it('neither loses nor repeats windows', async () => {
    await writer.writeWindows('shop', batchOf(10n, 10n, 'a'))
    await writeTwice(batchOf(20n, 20n, 'b', 'c'))
    await writer.writeWindows('shop', batchOf(30n, 30n, 'd'))
    expect(await log()).toEqual(['1=a@10', '1=b@20', '1=c@20', '1=d@30'])
  })

  it('neither loses nor repeats a part of a window', async () => {
    await writer.writeWindows('shop', batchOf(undefined, 10n, 'a'))
    await writeTwice(batchOf(undefined, 10n, 'b'))
    await writeTwice(batchOf(10n, 10n, 'c'))
    expect(await log()).toEqual(['1=a@10', '1=b@10', '1=c@10'])
  })

  it('does not matter to windows without rows', async () => {
    await writer.writeWindows('shop', batchOf(10n, 10n, 'a'))
    await writeTwice(batchOf(20n, 20n))
    await writer.writeWindows('shop', batchOf(30n, 30n, 'b'))
    expect(await log()).toEqual(['1=a@10', '1=b@30'])
    expect((await writer.apply('shop', 1 << 20)).appliedScn).toBe(30n)
  })
})
