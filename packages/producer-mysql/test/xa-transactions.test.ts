import { describe, expect, it } from 'vitest'
import { BinLogEvent, MySQLConstants } from '../src/log/binlog-event.ts'
import { xaStatement, xidOfPrepare, xidOfVerdict } from '../src/transaction/xa-transactions.ts'

const { QUERY_EVENT, XA_PREPARE_EVENT, XID_EVENT } = MySQLConstants
const XID = "x'6162',x'',1"

function eventOf(type: number, body: Buffer): BinLogEvent {
  const bytes = Buffer.concat([Buffer.alloc(19), body])
  bytes[4] = type
  bytes.writeUInt32LE(bytes.length, 9)
  return new BinLogEvent().set(bytes, 0, bytes.length)
}

/** Thread, seconds, length of the database, error, length of the variables; the text behind an empty database. */
const queryOf = (sql: string, type: number = QUERY_EVENT): BinLogEvent =>
  eventOf(type, Buffer.concat([Buffer.alloc(14), Buffer.from(sql)]))

describe('a statement of XA', () => {
  it.each([
    ["XA START X'6162',X'',1", 'START'],
    ["XA COMMIT X'6162',X'',1", 'COMMIT'],
    ["XA COMMIT X'6162',X'',1 ONE PHASE", 'COMMIT'],
    ["XA ROLLBACK X'6162',X'',1", 'ROLLBACK'],
    ["xa  commit  x'6162', x'', 1  one  phase  ", 'COMMIT'],
    ["XA\nROLLBACK\tX'6162',X'',1\n", 'ROLLBACK'],
  ])('%j is read', (sql, verb) => {
    expect(xaStatement(sql)).toEqual({ verb, xid: XID })
  })

  it.each(["XA END X'6162',X'',1", "XA PREPARE X'61',X'',1", 'XA RECOVER', 'XA COMMIT', "FLUSH XA COMMIT X'61',X'',1"])(
    '%j begins and ends none',
    (sql) => {
      expect(xaStatement(sql)).toBeUndefined()
    },
  )

  it('has the identifier that the event which prepares it has', () => {
    const prepareOf = (onePhase: number, global: string, branch: string): BinLogEvent => {
      const head = Buffer.alloc(13)
      head[0] = onePhase
      head.writeUInt32LE(1, 1)
      head.writeUInt32LE(global.length, 5)
      head.writeUInt32LE(branch.length, 9)
      return eventOf(XA_PREPARE_EVENT, Buffer.concat([head, Buffer.from(global + branch)]))
    }
    expect(xidOfPrepare(prepareOf(0, 'ab', ''))).toEqual({ xid: XID, onePhase: false })
    const both = xidOfPrepare(prepareOf(1, 'ab', 'jk'))
    expect(both).toEqual({ xid: xaStatement("XA COMMIT X'6162',X'6A6B',1")?.xid, onePhase: true })
    const cut = prepareOf(0, 'ab', '')
    cut.end--
    expect(() => xidOfPrepare(cut)).toThrow('XA prepare event')
  })
})

describe('the verdict of an event', () => {
  it.each([
    ["XA COMMIT X'6162',X'',1", XID],
    ["XA ROLLBACK X'6162',X'',1", XID],
    ["/* from a proxy */ XA COMMIT X'6162',X'',1", XID],
    ["XA START X'6162',X'',1", undefined],
    ['COMMIT', undefined],
  ])('%j is that of its transaction', (sql, xid) => {
    expect(xidOfVerdict(queryOf(sql))).toBe(xid)
  })

  it('is none of what is no statement, or can not be read', () => {
    expect(xidOfVerdict(queryOf("XA COMMIT X'6162',X'',1", XID_EVENT))).toBeUndefined()
    expect(xidOfVerdict(eventOf(QUERY_EVENT, Buffer.alloc(3)))).toBeUndefined()
  })
})
