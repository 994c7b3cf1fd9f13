import { describe, expect, it } from 'vitest'
import { ColumnUnsupportedError, RowImageIncompleteError } from '../src/error/errors.ts'
import { GtidPosition } from '../src/origin/gtid-position.ts'
import { catalogueOf, decodeRecording, type RecordingSink } from './recorded-log.ts'

const TABLES = ['shop.item', 'shop.pair', 'shop.keyless', 'shop.my', 'shop.copied']
const QUIET = { emptyWindowEveryMs: Infinity }

/** Opcode, source and key of each change, window by window. */
function story(sink: RecordingSink): string[][] {
  return sink.rowWindows.map(({ changes }) =>
    changes.map(({ opcode, source, key }) => `${opcode} ${source} ${String(key)}`),
  )
}

/** The GTID that ends each window, without its uuid. */
async function gtidsOf(recording: string, uris: readonly string[]): Promise<string[]> {
  const gtids: string[] = []
  const onWindow = (_scn: bigint, { gtid }: { gtid?: string | undefined }): number =>
    gtids.push(gtid?.slice(37) ?? 'none')
  await decodeRecording(recording, uris, { ...QUIET, onWindow })
  return gtids
}

describe.each(['mysql9-shapes', 'mysql9-shapes-compressed'])('a log of MySQL 9 recorded as %s', (recording) => {
  it('gives one window per committed transaction, its rows in the order of the log', async () => {
    const sink = await decodeRecording(recording, TABLES, QUIET)
    expect(story(sink)).toEqual([
      ['UPSERT 1 1', 'UPSERT 1 2', 'UPSERT 1 3'],
      ['UPSERT 1 1', 'UPSERT 1 2'],
      ['DELETE 1 1', 'UPSERT 1 9'],
      ['DELETE 1 2'],
      ['UPSERT 1 4', 'UPSERT 2 x\\\ty\\\\z\t1', 'UPSERT 1 5'],
      ['UPSERT 1 7', 'UPSERT 1 10'],
      ['UPSERT 1 3', 'UPSERT 1 11'],
      ['UPSERT 3 1\ta', 'UPSERT 3 \\N\tb\\\tc'],
      ['DELETE 3 1\ta', 'UPSERT 3 1\tz'],
      ['DELETE 3 1\tz', 'DELETE 3 \\N\tb\\\tc'],
      ['UPSERT 4 1'],
      ['UPSERT 5 10\tkept', 'UPSERT 5 11\tnew'],
      ['UPSERT 1 19'],
      ['UPSERT 1 20'],
      ['UPSERT 1 22'],
      ['UPSERT 1 3'],
      ['UPSERT 1 30'],
      ['UPSERT 1 103', 'UPSERT 1 130'],
      ['UPSERT 1 31'],
    ])
  })

  it('goes on after any window without losing or repeating one', async () => {
    const all = await decodeRecording(recording, TABLES, QUIET)
    const scns = all.windows.map(({ scn }) => scn)
    expect(scns).toEqual([...new Set(scns)].sort((left, right) => (left < right ? -1 : 1)))
    for (const [i, sinceScn] of scns.entries()) {
      const rest = await decodeRecording(recording, TABLES, { ...QUIET, sinceScn })
      expect(rest.windows.map(({ scn }) => scn)).toEqual(scns.slice(i + 1))
    }
  })

  it('accounts for every GTID, also of what nobody captures, but not for XA rows that wait', async () => {
    const read: string[] = []
    const sets: string[] = []
    const position = new GtidPosition('', 'mysql')
    const note = (gtid: string): void => {
      read.push(gtid)
      position.add(gtid)
    }
    await decodeRecording(recording, TABLES, {
      ...QUIET,
      onPassed: note,
      onWindow: (_scn, { gtid }) => {
        note(gtid ?? 'missing')
        sets.push(position.toString().slice(37))
      },
    })
    expect(new Set(read).size).toBe(read.length)
    // 22 is the XA PREPARE: while 23 is delivered, its rows have not been.
    expect(sets.slice(sets.indexOf('1-19'), sets.indexOf('1-19') + 4)).toEqual(['1-19', '1-21', '1-21:23', '1-24'])
    expect(position.toString().slice(37)).toBe('1-38')
  })
})

describe('GTIDs of MySQL', () => {
  it('come with their tag', async () => {
    const gtids: (string | undefined)[] = []
    await decodeRecording('mysql9-tagged', ['shop.item'], { ...QUIET, onWindow: (_scn, { gtid }) => gtids.push(gtid) })
    expect(gtids.map((gtid) => gtid?.slice(37))).toEqual([
      // The table is made.
      '2',
      'nightly:1',
      'nightly:2',
      'a_tag_of_32_characters_as_longst:300',
      '3',
    ])
    expect(gtids[3]?.slice(0, 36)).toBe('ffeeddcc-bbaa-9988-7766-554433221100')
    expect(gtids[2]?.slice(0, 36)).toBe(gtids[4]?.slice(0, 36))
    const position = new GtidPosition('', 'mysql')
    for (const gtid of gtids) position.add(gtid ?? '')
    expect(position.toString()).toContain(':2-3:nightly:1-2,ffeeddcc-')
  })

  it('are missing on a server without them, and its transactions are whole nevertheless', async () => {
    expect(await gtidsOf('mysql9-anonymous', ['shop.item'])).toEqual(['none', 'none', 'none'])
    expect(story(await decodeRecording('mysql9-anonymous', ['shop.item'], QUIET))).toEqual([
      ['UPSERT 1 1', 'UPSERT 1 2'],
      ['UPSERT 1 2'],
    ])
  })
})

describe('the time of an event', () => {
  it.each(['mysql9-anonymous', 'mysql9-tagged', 'mysql9-shapes-compressed'])(
    'is the commit in microseconds in %s',
    async (recording) => {
      const sink = await decodeRecording(recording, ['shop.item'], QUIET)
      const micros = sink.rowWindows.map(({ changes }) => (changes[0]?.timestampNanos ?? 0n) / 1000n)
      const day = Date.parse('2026-11-22') * 1000
      expect(micros.every((each) => Number(each) > day)).toBe(true)
      expect(micros.filter((each) => each % 1_000_000n === 0n)).toEqual([])
      expect(micros).toEqual([...micros].sort((left, right) => (left < right ? -1 : 1)))
    },
  )

  it('is the second of the statement where the log has no commit time', async () => {
    const sink = await decodeRecording('shapes', ['shop.item'], QUIET)
    expect(sink.changes.every(({ timestampNanos }) => timestampNanos % 1_000_000_000n === 0n)).toBe(true)
    expect(sink.changes[0]?.timestampNanos).toBeGreaterThan(1_700_000_000_000_000_000n)
  })
})

describe('what MySQL 9 can log', () => {
  it('gives a compressed transaction of many rows in one window', async () => {
    const sink = await decodeRecording('mysql9-big', ['shop.wide'], QUIET)
    expect(sink.rowWindows.map(({ changes }) => changes.length)).toEqual([20000, 1])
    const keys = sink.rowWindows[0]?.changes.map(({ key }) => Number(key))
    expect(keys).toEqual(Array.from({ length: 20000 }, (_unused, i) => i + 1))
  })

  it('refuses an update that holds only what changed inside a document, by name and with its place', async () => {
    await expect(decodeRecording('mysql9-partial-json', ['shop.document'], QUIET)).rejects.toMatchObject({
      code: 'AESOP_MYSQL_PARTIAL_JSON',
      message: expect.stringMatching(/shop\.document.*mysql-bin\.000001:\d+/) as string,
      remedy: expect.stringContaining("binlog_row_value_options=''") as string,
    })
  })

  it('passes such an update of a table that nobody captures', async () => {
    expect(story(await decodeRecording('mysql9-partial-json', ['shop.item'], QUIET))).toEqual([])
  })

  it('refuses a row whose image lacks a column', async () => {
    await expect(decodeRecording('mysql9-row-image', ['shop.gone'], QUIET)).rejects.toThrow(RowImageIncompleteError)
    await expect(decodeRecording('mysql9-row-image', ['shop.item'], QUIET)).rejects.toThrow('lacks column name')
  })

  it('refuses labels that INFORMATION_SCHEMA can not show whole, where the log has none', async () => {
    const catalogue = catalogueOf('mysql9-full')
    const refused = decodeRecording('mysql9-minimal', ['types.wide_labels'], { catalogue })
    await expect(refused).rejects.toThrow(ColumnUnsupportedError)
    await expect(refused).rejects.toThrow('binlog_row_metadata=FULL')
  })
})
