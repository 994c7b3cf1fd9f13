import { describe, expect, it } from 'vitest'
import { type Logger } from '@aesop/kernel'
import { type BinlogDecoderOptions } from '../src/decoder/binlog-decoder.ts'
import { MySQLConstants } from '../src/log/binlog-event.ts'
import { decoderFor, eventsOf } from './fed-decoder.ts'
import { type RecordingSink } from './recorded-log.ts'

const HEADER_BYTES = 19
const FILE = 'mysql-bin.000001'
const ITEM = ['shop.item']
const XID = Buffer.from('ab')
const XA = "X'6162',X'',1"
/** Of MariaDB: a single statement; rows of an XA transaction that waits. */
const [STANDALONE, PREPARED] = [1, 64]
const { FORMAT_DESCRIPTION_EVENT, TABLE_MAP_EVENT, WRITE_ROWS_EVENT } = MySQLConstants

/** One event of a made log, or the statement that it has. */
type Part =
  | 'format'
  | 'gtid'
  | 'standalone'
  | 'prepared'
  | 'mysqlGtid'
  | 'map'
  | 'insert'
  | 'xid'
  | 'prepare'
  | 'prepareOnePhase'
  | { readonly sql: string }

const recorded = eventsOf('shapes')
const firstOf = (type: number): Buffer => recorded.find((event) => event[4] === type) ?? Buffer.alloc(0)
const sql = (text: string): Part => ({ sql: text })
const rows: readonly Part[] = ['map', 'insert']

function eventOf(type: number, body: Buffer): Buffer {
  const event = Buffer.concat([Buffer.alloc(HEADER_BYTES), body])
  event.writeUInt32LE(7, 0)
  event[4] = type
  return event
}

function mariadbGtid(sequence: number, flags: number): Buffer {
  const body = Buffer.alloc(19)
  body.writeBigUInt64LE(BigInt(sequence), 0)
  body[12] = flags
  return eventOf(MySQLConstants.MARIADB_GTID_EVENT, body)
}

function mysqlGtid(sequence: number): Buffer {
  const body = Buffer.alloc(25)
  body.fill(0xaa, 1, 17)
  body.writeBigUInt64LE(BigInt(sequence), 17)
  return eventOf(MySQLConstants.GTID_EVENT, body)
}

function prepare(onePhase: boolean): Buffer {
  const head = Buffer.alloc(13)
  head[0] = Number(onePhase)
  head.writeUInt32LE(1, 1)
  head.writeUInt32LE(XID.length, 5)
  return eventOf(MySQLConstants.XA_PREPARE_EVENT, Buffer.concat([head, XID]))
}

function query(text: string): Buffer {
  const head = Buffer.alloc(13)
  head[8] = 'shop'.length
  return eventOf(MySQLConstants.QUERY_EVENT, Buffer.concat([head, Buffer.from(`shop\0${text}`)]))
}

function bytesOf(part: Part, sequence: number): Buffer {
  if (typeof part === 'object') return query(part.sql)
  switch (part) {
    case 'format':
      return Buffer.from(firstOf(FORMAT_DESCRIPTION_EVENT))
    case 'map':
      return Buffer.from(firstOf(TABLE_MAP_EVENT))
    case 'insert':
      return Buffer.from(firstOf(WRITE_ROWS_EVENT))
    case 'xid':
      return eventOf(MySQLConstants.XID_EVENT, Buffer.alloc(8))
    case 'mysqlGtid':
      return mysqlGtid(sequence)
    case 'prepare':
    case 'prepareOnePhase':
      return prepare(part === 'prepareOnePhase')
    default:
      return mariadbGtid(sequence, { gtid: 0, standalone: STANDALONE, prepared: PREPARED }[part])
  }
}

interface Read {
  readonly sink: RecordingSink
  /** What the log was told to be read beyond, in order. */
  readonly story: string[]
  /** Offset at which each event ends. */
  readonly ends: number[]
  readonly alarms: string[]
}

interface Log extends Read {
  /** Reads on. */
  add(...parts: readonly Part[]): Promise<void>
  caughtUp(): void
  reset(between?: boolean): void
}

/** A log of MariaDB of which only its description has been read. */
async function logOf(options: Partial<BinlogDecoderOptions> = {}): Promise<Log> {
  const story: string[] = []
  const ends: number[] = []
  const alarms: string[] = []
  const quiet = (): undefined => undefined
  const log: Logger = { debug: quiet, info: quiet, warn: quiet, error: (message) => void alarms.push(message) }
  const { decoder, sink } = decoderFor(ITEM, {
    log,
    onWindow: (scn, { position, gtid }) => {
      const { changes = [] } = sink.windows.at(-1) ?? {}
      story.push(`window ${Number(scn & 0xffffffffn)} of ${changes.length} from ${position} ${gtid ?? 'none'}`)
    },
    onPassed: (gtid) => story.push(`passed ${gtid}`),
    onMoved: ({ file, position }) => story.push(`moved ${file}:${position}`),
    ...options,
  })
  let [end, sequence] = [4, 0]
  const add = async (...parts: readonly Part[]): Promise<void> => {
    for (const part of parts) {
      const bytes = bytesOf(part, ++sequence)
      bytes.writeUInt32LE(bytes.length, 9)
      bytes.writeUInt32LE(end + bytes.length, 13)
      await decoder.onEvent(bytes, 0, bytes.length)
      end += bytes.length
      ends.push(end)
    }
  }
  await add('format')
  return {
    sink,
    story,
    ends,
    alarms,
    add,
    caughtUp: () => {
      decoder.onCaughtUp()
    },
    reset: (between) => {
      decoder.resetTransaction(between)
      decoder.onRotate(FILE, end)
    },
  }
}

type State = 'unknown' | 'between' | 'group' | 'open'
const PATH: Readonly<Record<State, readonly Part[]>> = {
  unknown: [],
  between: ['xid'],
  group: ['xid', 'mysqlGtid'],
  open: ['xid', 'gtid'],
}

/** Where a log stands behind these events. */
async function stateBehind(parts: readonly Part[]): Promise<State | 'error'> {
  const can = async (...more: readonly Part[]): Promise<Log | undefined> => {
    const log = await logOf()
    await log.add(...parts)
    return log.add(...more).then(
      () => log,
      () => undefined,
    )
  }
  try {
    await (await logOf()).add(...parts)
  } catch {
    return 'error'
  }
  const taken = await can(...rows, 'xid')
  if (taken !== undefined) return taken.sink.changes.length > 0 ? 'open' : 'unknown'
  return (await can('gtid')) === undefined ? 'group' : 'between'
}

describe('the states of a transaction', () => {
  it.each<readonly [State, string, readonly Part[], State | 'error']>([
    ['unknown', 'GTID', ['mysqlGtid'], 'group'],
    ['unknown', 'a GTID that begins', ['gtid'], 'open'],
    ['unknown', 'BEGIN', [sql('BEGIN')], 'open'],
    ['unknown', 'rows', rows, 'unknown'],
    ['unknown', 'XID', ['xid'], 'between'],
    ['unknown', 'COMMIT', [sql('COMMIT')], 'between'],
    ['unknown', 'another statement', [sql('FLUSH TABLES')], 'unknown'],
    ['unknown', 'ROLLBACK', [sql('ROLLBACK')], 'unknown'],
    ['between', 'GTID', ['mysqlGtid'], 'group'],
    ['between', 'a GTID that begins', ['gtid'], 'open'],
    ['between', 'BEGIN', [sql('BEGIN')], 'open'],
    ['between', 'START TRANSACTION', [sql('start  transaction')], 'open'],
    ['between', 'rows', rows, 'error'],
    ['between', 'XID', ['xid'], 'error'],
    ['between', 'COMMIT', [sql('commit')], 'error'],
    ['between', 'another statement', [sql('FLUSH TABLES')], 'between'],
    ['between', 'a statement of a captured table', [sql('TRUNCATE TABLE item')], 'between'],
    ['between', 'ROLLBACK', [sql('ROLLBACK')], 'between'],
    ['group', 'GTID', ['mysqlGtid'], 'error'],
    ['group', 'a GTID that begins', ['gtid'], 'error'],
    ['group', 'BEGIN', [sql('BEGIN')], 'open'],
    ['group', 'rows', rows, 'error'],
    ['group', 'XID', ['xid'], 'between'],
    ['group', 'another statement', [sql('FLUSH TABLES')], 'between'],
    ['group', 'a savepoint', [sql('SAVEPOINT a')], 'group'],
    ['group', 'a table made from a SELECT', [sql('CREATE TABLE x (a INT) START TRANSACTION')], 'open'],
    ['group', 'ROLLBACK', [sql('ROLLBACK')], 'between'],
    ['open', 'GTID', ['mysqlGtid'], 'error'],
    ['open', 'BEGIN', [sql('BEGIN')], 'error'],
    ['open', 'rows', rows, 'open'],
    ['open', 'XID', ['xid'], 'between'],
    ['open', 'COMMIT', [sql('/* a comment */ COMMIT')], 'between'],
    ['open', 'another statement', [sql('FLUSH TABLES')], 'open'],
    ['open', 'a savepoint and back to it', [sql('SAVEPOINT a'), sql('ROLLBACK TO a')], 'open'],
    ['open', 'the release of a savepoint', [sql('SAVEPOINT a'), sql('RELEASE SAVEPOINT a')], 'open'],
    ['open', 'ROLLBACK', [sql('ROLLBACK')], 'between'],
    ['open', 'the rows of an XA transaction', [sql(`XA END ${XA}`), 'prepare'], 'between'],
    ['between', 'the description of a log', ['format'], 'between'],
    ['group', 'the description of a log', ['format'], 'between'],
    ['open', 'the description of a log', ['format'], 'between'],
    ['unknown', 'the description of a log', ['format'], 'unknown'],
  ])('%s, %s', async (state, _input, parts, next) => {
    expect(await stateBehind(PATH[state])).toBe(state)
    expect(await stateBehind([...PATH[state], ...parts])).toBe(next)
  })

  it.each([
    [['xid', 'gtid', 'gtid'], 'a transaction begins inside another'],
    [['xid', 'gtid', sql('BEGIN')], 'BEGIN inside a transaction'],
    [['xid', ...rows], 'rows outside a transaction'],
    [['xid', 'xid'], 'a commit outside a transaction'],
    [['xid', 'gtid', 'insert'], 'which no table map has named'],
    [['xid', 'gtid', sql('ROLLBACK TO a')], 'a savepoint that is not there: ROLLBACK TO a'],
  ] as const)('what stands where it may not is refused with its place: %j', async (parts, message) => {
    const log = await logOf()
    await log.add(...parts.slice(0, -1))
    const last = parts.at(-1) ?? 'xid'
    await expect(log.add(last)).rejects.toMatchObject({
      code: 'AESOP_MYSQL_TRANSACTION_ORDER',
      message: expect.stringContaining(message) as string,
    })
    await expect(log.add(last)).rejects.toThrow(`before ${FILE}:`)
  })
})

describe('what has been read', () => {
  it('ends with each transaction: under its window, or passed', async () => {
    const log = await logOf()
    await log.add('xid', 'gtid', ...rows, 'xid', 'gtid', 'xid', 'standalone', sql('FLUSH TABLES'))
    const { ends, story } = log
    expect(story).toEqual([`window ${ends[5]} of 3 from ${ends[5]} 0-0-3`, 'passed 0-0-7', 'passed 0-0-9'])
  })

  it('goes on behind a transaction that is rolled back, with nothing of it', async () => {
    const log = await logOf()
    await log.add('xid', 'gtid', ...rows, sql('ROLLBACK'), 'gtid', ...rows, sql('ROLLBACK WORK'))
    expect([log.story, log.sink.windows, log.sink.rolledBack]).toEqual([['passed 0-0-3', 'passed 0-0-7'], [], 2])
    await log.add('gtid', ...rows, 'xid')
    expect(log.story.at(-1)).toContain('of 3')
  })

  it('is not said of a transaction that a crashed server left open', async () => {
    const log = await logOf()
    await log.add('xid', 'gtid', ...rows, 'format')
    expect([log.story, log.sink.rolledBack]).toEqual([[`moved ${FILE}:${log.ends.at(-1)}`], 1])
    await log.add('standalone', sql('FLUSH TABLES'))
    expect(log.story.slice(1)).toEqual(['passed 0-0-7'])
  })

  it('moves with another log where nothing is open and nothing waits', async () => {
    const log = await logOf()
    expect(log.story).toEqual([])
    await log.add('xid', 'format')
    expect(log.story).toEqual([`moved ${FILE}:${log.ends.at(-1)}`])
    await log.add('prepared', ...rows, 'prepare', 'format')
    expect(log.story).toHaveLength(1)
  })

  it('moves the SCN at the end of the log, but never within a transaction, nor before the first boundary', async () => {
    const log = await logOf({ emptyWindowEveryMs: 0 })
    log.caughtUp()
    expect(log.story).toEqual([])
    await log.add('xid')
    log.caughtUp()
    expect(log.story).toEqual([`window ${log.ends[1]} of 0 from ${log.ends[1]} none`])
    await log.add('gtid')
    log.caughtUp()
    await log.add(...rows)
    log.caughtUp()
    expect(log.story).toHaveLength(1)
  })
})

describe('an XA transaction', () => {
  const begun = async (): Promise<Log> => {
    const log = await logOf()
    await log.add('xid', 'prepared', ...rows, sql(`XA END ${XA}`), 'prepare')
    return log
  }

  it('waits for its verdict: nothing of it is read, and reading goes on before it', async () => {
    const log = await begun()
    expect(log.story).toEqual([])
    await log.add('gtid', ...rows, 'xid')
    const [, from = 0] = log.ends
    expect(log.story).toEqual([`window ${log.ends.at(-1)} of 3 from ${from} none`])
    // Positions of MariaDB mean everything before them, too.
    await log.add('gtid', 'xid')
    expect(log.story).toHaveLength(1)
  })

  it('is one window when its commit comes', async () => {
    const log = await begun()
    await log.add('standalone', sql(`XA COMMIT ${XA}`))
    const end = log.ends.at(-1)
    expect(log.story.at(-1)).toBe(`window ${end} of 3 from ${end} 0-0-8`)
    await log.add('gtid', ...rows, 'xid')
    expect(log.sink.windows.map(({ changes }) => changes.length)).toEqual([3, 3])
  })

  it('is passed when its rollback comes, and both are said', async () => {
    const log = await begun()
    await log.add('standalone', sql(`XA ROLLBACK ${XA}`))
    expect([log.story, log.sink.windows]).toEqual([['passed 0-0-3', 'passed 0-0-8'], []])
  })

  it('in one phase is committed where it ends', async () => {
    const log = await logOf()
    await log.add('xid', 'prepared', ...rows, sql(`XA END ${XA}`), 'prepareOnePhase')
    const end = log.ends.at(-1)
    expect(log.story).toEqual([`window ${end} of 3 from ${end} 0-0-3`])
  })

  it('without rows that were read is lost, which is said, and passed', async () => {
    const log = await logOf()
    await log.add('xid', 'standalone', sql(`XA COMMIT ${XA}`))
    expect([log.alarms.length, log.story]).toEqual([1, ['passed 0-0-3']])
    expect(log.alarms[0]).toContain('they are lost')
    await log.add('gtid', ...rows, 'xid')
    expect(log.sink.changes).toHaveLength(3)
  })

  it('is forgotten with the connection', async () => {
    const log = await begun()
    log.reset(true)
    await log.add('gtid', ...rows, 'xid')
    const end = log.ends.at(-1)
    expect(log.story.at(-1)).toBe(`window ${end} of 3 from ${end} 0-0-8`)
  })
})

it.each([true, false])('behind a new connection nothing is open; between two transactions: %s', async (between) => {
  const log = await logOf()
  await log.add('xid', 'gtid', ...rows)
  log.reset(between)
  expect(log.sink.rolledBack).toBe(1)
  if (between) await expect(log.add('insert')).rejects.toThrow('outside a transaction')
  else await log.add(...rows, 'xid')
  expect(log.sink.changes).toEqual([])
  await log.add('gtid', ...rows, 'xid')
  expect(log.sink.changes).toHaveLength(3)
})

describe('a transaction that is passed over', () => {
  /** A log that passes the transaction over which begins behind these events. */
  async function passing(before: readonly Part[], ...parts: readonly Part[]): Promise<Log> {
    const probe = await logOf()
    await probe.add(...before)
    const log = await logOf({
      passOvers: [{ file: FILE, position: probe.ends.at(-1) ?? 4 }],
      emptyWindowEveryMs: 1e9,
    })
    await log.add(...before, ...parts)
    return log
  }
  const toldOf = ({ sink }: Log): unknown[] =>
    sink.windows.flatMap(({ tableChanges }) => tableChanges.map(({ row }) => row['kind']))

  it('gives a window that says whose rows it held, and the log goes on behind it', async () => {
    const log = await passing(['xid'], 'gtid', ...rows, 'xid')
    const end = log.ends.at(-1)
    expect([log.story, toldOf(log)]).toEqual([[`window ${end} of 0 from ${end} 0-0-3`], ['PASSED_OVER']])
    await log.add('gtid', ...rows, 'xid')
    expect(log.story.at(-1)).toContain('of 3')
  })

  it('moves the SCN at once, though it held nothing, and an empty window was there just now', async () => {
    const log = await passing(['xid', 'gtid', 'xid'], 'gtid', 'xid')
    expect(log.story).toEqual(
      [log.ends[3], log.ends[5]].map((end, i) => `window ${end} of 0 from ${end} 0-0-${3 + 2 * i}`),
    )
  })

  it('as the rows of an XA transaction waits no more, and neither does one whose verdict it was', async () => {
    const first = await passing(['xid'], 'prepared', ...rows, 'prepare', 'gtid', ...rows, 'xid')
    const end = first.ends.at(-1)
    expect(first.story.at(-1)).toBe(`window ${end} of 3 from ${end} 0-0-7`)
    const held: readonly Part[] = ['xid', 'prepared', ...rows, sql(`XA END ${XA}`), 'prepare']
    const verdict = await passing(held, 'standalone', sql(`XA COMMIT ${XA}`))
    await verdict.add('gtid', ...rows, 'xid')
    const last = verdict.ends.at(-1)
    expect(verdict.story.at(-1)).toBe(`window ${last} of 3 from ${last} 0-0-10`)
  })
})
