import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type PassOver } from '@aesop/producer'
import { MemorySchemaRegistry } from '@aesop/schema'
import { newFolder } from '../../../test/support/test-folder.ts'
import { FILE, ITEM, type Log, logOf, type Part, rows, sql, XA } from './made-transactions.ts'
import { decoderOf, RecordingSink } from './recorded-log.ts'

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
    return log.add(...parts, ...more).then(
      () => log,
      () => undefined,
    )
  }
  if ((await can()) === undefined) return 'error'
  const taken = await can(...rows, 'xid')
  if (taken !== undefined) return taken.sink.changes.length > 0 ? 'open' : 'unknown'
  if ((await can('gtid')) === undefined) return 'group'
  return (await can('xid')) === undefined ? 'between' : 'error'
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
    ['unknown', 'a statement of a captured table', [sql('TRUNCATE TABLE item')], 'unknown'],
    ['unknown', 'back to a savepoint', [sql('ROLLBACK TO a')], 'unknown'],
    ['unknown', 'the end of an XA transaction', ['prepare'], 'between'],
    ['unknown', 'the end of one in one phase', ['prepareOnePhase'], 'between'],
    ['between', 'GTID', ['mysqlGtid'], 'group'],
    ['between', 'a GTID that begins', ['gtid'], 'open'],
    ['between', 'BEGIN', [sql('BEGIN')], 'open'],
    ['between', 'START TRANSACTION', [sql('start \n transaction READ ONLY')], 'open'],
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
    ['group', 'the release of a savepoint', [sql('RELEASE SAVEPOINT a')], 'group'],
    ['group', 'a table made from a SELECT', [sql('CREATE TABLE x (a INT) START TRANSACTION')], 'open'],
    ['group', 'the same with other spaces', [sql('CREATE TABLE x (a INT) START \n TRANSACTION  ')], 'open'],
    ['group', 'a table that only says so', [sql("CREATE TABLE x (a INT) COMMENT ' START TRANSACTION;'")], 'between'],
    ['group', 'ROLLBACK', [sql('ROLLBACK')], 'between'],
    ['open', 'GTID', ['mysqlGtid'], 'error'],
    ['open', 'BEGIN', [sql('BEGIN')], 'error'],
    ['open', 'rows', rows, 'open'],
    ['open', 'XID', ['xid'], 'between'],
    ['open', 'COMMIT', [sql('/* a comment */ COMMIT')], 'between'],
    ['open', 'another statement', [sql('FLUSH TABLES')], 'open'],
    ['open', 'a savepoint and back to it', [sql('SAVEPOINT a'), sql('ROLLBACK TO a')], 'open'],
    ['open', 'a long way back', [sql('SAVEPOINT a'), sql('ROLLBACK \n WORK \n TO SAVEPOINT a')], 'open'],
    ['open', 'the end of a statement, as rows', ['endOfStatement'], 'open'],
    ['open', 'the release of a savepoint', [sql('SAVEPOINT a'), sql('RELEASE SAVEPOINT a')], 'open'],
    ['open', 'ROLLBACK', [sql('ROLLBACK')], 'between'],
    ['between', 'the rollback of an XA transaction', [sql(`XA ROLLBACK ${XA}`)], 'between'],
    ['between', 'the commit of one that was not read', [sql(`XA COMMIT ${XA}`)], 'between'],
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

  it('a savepoint that is not there is named by its first words', async () => {
    const log = await logOf()
    await log.add('xid', 'gtid')
    const refused = log.add(sql(`ROLLBACK TO \`${'x'.repeat(200)}\``))
    await expect(refused).rejects.toThrow(/: ROLLBACK TO `x{87}, before/)
  })

  it.each([
    ['xid', 'gtid', sql('FLUSH TABLES'), 'insert'],
    ['xid', sql('BEGIN'), sql('FLUSH TABLES'), 'insert'],
    ['xid', 'mysqlGtid', sql('BEGIN'), 'insert'],
  ] as const)('what fails in a transaction is told with the place where that begins: %s %s', async (...parts) => {
    const log = await logOf()
    await log.add(...parts.slice(0, -1))
    await expect(log.add('insert')).rejects.toMatchObject({ fields: { file: FILE, position: log.ends[1] } })
  })

  it('nothing is read before a log is known', () => {
    const windows: unknown[] = []
    const { decoder } = decoderOf('shapes', ITEM, { onWindow: (scn) => windows.push(scn), emptyWindowEveryMs: 0 })
    decoder.resetTransaction(true)
    decoder.onCaughtUp()
    expect(windows).toEqual([])
  })
})

describe('what has been read', () => {
  it('ends with each transaction: under its window, or passed', async () => {
    const log = await logOf()
    await log.add('xid', 'gtid', ...rows, 'xid', 'gtid', 'xid', 'standalone', sql('FLUSH TABLES'))
    const { ends, story } = log
    expect(story).toEqual([`window ${ends[5]} of 3 from ${ends[5]} 0-0-3`, 'passed 0-0-7', 'passed 0-0-9'])
  })

  it('has no name where the log gives none', async () => {
    const log = await logOf()
    await log.add('xid', sql('BEGIN'), 'xid', sql('BEGIN'), ...rows, 'xid')
    expect(log.story).toEqual([`window ${log.ends.at(-1)} of 3 from ${log.ends.at(-1)} none`])
  })

  it('are the statements of captured tables, each a window, but not within a log that is not known yet', async () => {
    const log = await logOf()
    await log.add(sql('TRUNCATE TABLE item'))
    expect(log.story).toEqual([])
    await log.add('xid', sql('TRUNCATE TABLE item'), 'standalone', sql('TRUNCATE TABLE item'))
    const [, , , first, , second] = log.ends
    expect(log.story).toEqual([`window ${first} of 0 from ${first} none`, `window ${second} of 0 from ${second} 0-0-5`])
    expect(log.sink.windows.map(({ tableChanges }) => tableChanges.length)).toEqual([1, 1])
  })

  it('is a change of a table where its ALTER is done, not where it begins', async () => {
    const alter = sql('ALTER TABLE item ADD COLUMN x INT')
    const log = await logOf()
    await log.add('xid', 'startAlter', alter, 'commitAlter', alter)
    expect(log.story).toEqual(['passed 0-0-3', `window ${log.ends.at(-1)} of 0 from ${log.ends.at(-1)} 0-0-5`])
  })

  it('is told to be too much by a sink that can not forget a part of it, where there is a part', async () => {
    const schemas = new MemorySchemaRegistry()
    const sink = new RecordingSink(schemas)
    Object.assign(sink, { mark: undefined })
    const log = await logOf({ schemas, sink })
    await log.add('xid', 'gtid', sql('SAVEPOINT a'), ...rows, sql('ROLLBACK TO a'))
    expect([log.alarms, sink.rolledBack]).toEqual([[], 1])
    await log.add(...rows, sql('SAVEPOINT b'), ...rows, sql('ROLLBACK TO b'))
    expect(log.alarms).toEqual(['this sink can not forget what ROLLBACK TO SAVEPOINT has undone'])
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
    expect([log.story, log.sink.rolledBack]).toEqual([[`moved ${FILE}:${log.ends.at(-1)} none`], 1])
    await log.add('standalone', sql('FLUSH TABLES'))
    expect(log.story.slice(1)).toEqual(['passed 0-0-7'])
  })

  it('moves with another log where nothing is open and nothing waits', async () => {
    const log = await logOf()
    expect(log.story).toEqual([])
    await log.add('xid', 'format', 'gtid', 'xid', 'format')
    const [, , first, , , second] = log.ends
    expect(log.story).toEqual([`moved ${FILE}:${first} none`, 'passed 0-0-4', `moved ${FILE}:${second} 0-0-4`])
    await log.add('prepared', ...rows, 'prepare', 'format')
    expect(log.story).toHaveLength(3)
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

describe.each([
  ['in memory', undefined],
  ['on disk', { folder: join(newFolder('xa'), 'shop'), transactionBytes: 1, totalBytes: 1 }],
] as const)('an XA transaction that waits %s', (_where, heldXa) => {
  const made: Log[] = []
  const logHere = async (): Promise<Log> => {
    const log = await logOf(heldXa === undefined ? {} : { heldXa })
    made.push(log)
    return log
  }
  afterEach(() => {
    for (const log of made.splice(0)) log.reset()
  })

  const begun = async (): Promise<Log> => {
    const log = await logHere()
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

  it('of MySQL waits alone: what comes meanwhile is read by name', async () => {
    const log = await logHere()
    await log.add('xid', 'mysqlGtid', sql(`XA START ${XA}`), ...rows, sql(`XA END ${XA}`), 'prepare')
    const [, from = 0] = log.ends
    await log.add('mysqlGtid', sql('BEGIN'), 'xid', 'mysqlGtid', sql('BEGIN'), ...rows, 'xid')
    const [passed = '', window = ''] = log.story
    expect(passed).toMatch(/^passed a.*:9$/)
    expect(window).toMatch(new RegExp(`^window \\d+ of 3 from ${from} a.*:12$`))
    await log.add('mysqlGtid', sql(`XA COMMIT ${XA}`))
    expect(log.story.slice(2)).toEqual([expect.stringMatching(/^passed a.*:3$/), expect.stringMatching(/of 3 .*:17$/)])
  })

  it('of which the beginning was not read does not wait', async () => {
    const log = await logHere()
    await log.add('prepare', 'gtid', 'xid')
    expect(log.story).toEqual(['passed 0-0-3'])
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
    const log = await logHere()
    await log.add('xid', 'prepared', ...rows, sql(`XA END ${XA}`), 'prepareOnePhase')
    const end = log.ends.at(-1)
    expect(log.story).toEqual([`window ${end} of 3 from ${end} 0-0-3`])
  })

  it('without rows that were read is lost, which is said, and passed', async () => {
    const log = await logHere()
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
  if (between) await expect(log.add('xid')).rejects.toThrow('outside a transaction')
  else await log.add(...rows, 'xid')
  expect(log.sink.changes).toEqual([])
  await log.add('gtid', ...rows, 'xid')
  expect(log.sink.changes).toHaveLength(3)
})

describe('a transaction that is passed over', () => {
  /** A log that passes the transaction over which begins behind these events. */
  async function passing(before: readonly Part[], ...parts: readonly Part[]): Promise<Log> {
    const log = await logOf({ passOvers: [await placeBehind(before)], emptyWindowEveryMs: 1e9 })
    await log.add(...before, ...parts)
    return log
  }
  async function placeBehind(before: readonly Part[]): Promise<PassOver> {
    const probe = await logOf()
    await probe.add(...before)
    return { file: FILE, position: probe.ends.at(-1) ?? 4 }
  }
  const toldOf = ({ sink }: Log): unknown[] =>
    sink.windows.flatMap(({ tableChanges }) => tableChanges.map(({ row }) => row['kind']))

  it('gives a window that says whose rows it held, and the log goes on behind it', async () => {
    const log = await passing(['xid'], 'gtid', ...rows, 'xid')
    const end = log.ends.at(-1)
    expect([log.story, toldOf(log)]).toEqual([[`window ${end} of 0 from ${end} 0-0-3`], ['PASSED_OVER']])
    await expect(log.add('xid')).rejects.toThrow('a commit outside a transaction')
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

  it('that changes a table does so all the same: the server is asked for its shape', async () => {
    const asked: string[] = []
    const answer = { description: undefined, at: 'everywhere' } as const
    const catalogue = {
      describe: () => undefined,
      refresh: (database: string, table: string) => {
        asked.push(`${database}.${table}`)
        return Promise.resolve(answer)
      },
    }
    const log = await logOf({ passOvers: [await placeBehind(['xid'])], catalogue })
    await log.add('xid', 'standalone', sql('ALTER TABLE item ADD COLUMN x INT'), 'gtid')
    expect(asked).toEqual(['shop.item'])
  })
})
