import { describe, expect, it } from 'vitest'
import { GtidPosition, type NotedGtid } from '../src/origin/gtid-position.ts'
import { POSITION_BOUND } from '../src/log/binlog-scn.ts'
import { resumeAtScn, toMaxScn } from '../src/place/resume-point.ts'
import { parseStartFrom } from '../src/place/start-from.ts'
import { fromMaxScn } from '../src/place/stored-point.ts'

const point = {
  scn: 4294967400n,
  file: 'mysql-bin.000001',
  position: 104,
  ended: 0,
  log: { begunSeconds: 1700000000, serverId: 1, serverVersion: '10.11.6-MariaDB' },
  event: { timestamp: 1700000001, serverId: 1, length: 31, endPosition: 104, crc: 4000000000 },
  gtid: '0-1-5',
  serverIdentity: '1/0',
  generation: 0,
}

describe('a resume point', () => {
  it('comes back from its record as it was', () => {
    expect(fromMaxScn(toMaxScn(point, 7))).toEqual(point)
    const text = JSON.stringify(toMaxScn(point, 7).position)
    expect(fromMaxScn({ scn: point.scn, savedAtMs: 7, position: JSON.parse(text) })).toEqual(point)
  })

  it('without coordinates is the place that the SCN names', () => {
    expect(fromMaxScn({ scn: 4294967300n, savedAtMs: 0 })).toEqual(resumeAtScn(4294967300n))
    expect(resumeAtScn(4294967300n)).toMatchObject({ position: 4, generation: 0 })
  })

  it('of a version without fingerprints is read as far as it goes', () => {
    const old = { file: 'mysql-bin.000001', position: 104, gtid: '0-1-5', serverIdentity: '1/0', generation: 3 }
    const read = fromMaxScn({ scn: point.scn, savedAtMs: 7, position: { ...old, logBegunSeconds: 1700000000 } })
    expect(read).toEqual({ scn: point.scn, ...old, log: { begunSeconds: 1700000000 } })
  })

  it.each([0xffffffff, POSITION_BOUND, POSITION_BOUND + 7])(
    'beyond 4 GiB of a version that did not count goes on in the next generation, so that nothing after it is below it (%s)',
    (low) => {
      const position = { file: 'mysql-bin.000001', position: 2 ** 32 + 5, generation: 3 }
      expect(fromMaxScn({ scn: (1n << 32n) + BigInt(low), savedAtMs: 7, position })).toMatchObject({
        position: 2 ** 32 + 5,
        generation: 4,
      })
      const counted = fromMaxScn({ scn: (1n << 32n) + BigInt(low), savedAtMs: 7, position: { ...position, ended: 1 } })
      expect(counted.generation).toBe(3)
    },
  )

  it('beyond 4 GiB is the count that its SCN has, and a saturated SCN names the beginning of its log', () => {
    expect(resumeAtScn((1n << 32n) + BigInt(POSITION_BOUND + 2))).toMatchObject({ position: undefined, ended: 3 })
    expect(resumeAtScn((1n << 32n) + 0xffffffffn)).toMatchObject({ position: 4, generation: 1 })
  })

  it.each([
    ['text'],
    [{ file: 'a', position: 4, generation: 0, event: { timestamp: 1 } }],
    [{ file: 'a', position: 4, generation: 0, event: 7 }],
    [{ file: 'a', position: 4, generation: 0, log: {} }],
    [{ file: 'a', position: 4, generation: 0, ended: -1 }],
    [{ file: 'a', position: -1, generation: 0 }],
    [{ position: 4 }],
    [{ file: 1, position: 4, generation: 0 }],
  ])('is refused, not guessed, when its record is %o', (position) => {
    expect(() => fromMaxScn({ scn: 5n, savedAtMs: 0, position })).toThrow(
      expect.objectContaining({ code: 'AESOP_MYSQL_STORED_POSITION' }) as object,
    )
  })
})

describe('GTIDs', () => {
  it('of MariaDB keep the last transaction of each domain', () => {
    const gtids = new GtidPosition('0-1-5,3-1-9', 'mariadb')
    gtids.add('0-1-6')
    gtids.add('0-2-7')
    expect(gtids.toString()).toBe('0-2-7,3-1-9')
  })

  it('of MariaDB are asked for their text only when it is needed', () => {
    const asked: string[] = []
    const noted = (domain: number, gtid: string): NotedGtid => ({
      domain,
      get gtid() {
        asked.push(gtid)
        return gtid
      },
    })
    const gtids = new GtidPosition('0-1-5,3-1-9', 'mariadb')
    gtids.note(noted(0, '0-1-6'))
    gtids.note(noted(0, '0-1-7'))
    expect(asked).toEqual([])
    gtids.note(noted(3, '3-1-10'))
    expect(gtids.toString()).toBe('0-1-7,3-1-10')
    gtids.note(noted(0, '0-1-8'))
    gtids.add('0-1-9')
    expect(gtids.toString()).toBe('0-1-9,3-1-10')
    expect(asked).toEqual(['0-1-7', '3-1-10', '0-1-8'])
  })

  it('of MySQL are joined to intervals', () => {
    const uuid = '3e11fa47-71ca-11e1-9e33-c80aa9429562'
    const gtids = new GtidPosition(`${uuid}:1-5`, 'mysql')
    gtids.add(`${uuid}:6`)
    expect(gtids.toString().toLowerCase()).toBe(`${uuid}:1-6`)
  })
})

describe('startFrom', () => {
  it('reads each of its forms', () => {
    expect(parseStartFrom('latest')).toEqual({ kind: 'latest' })
    expect(parseStartFrom('scn:4294967300')).toEqual({ kind: 'scn', scn: 4294967300n })
    expect(parseStartFrom('timestamp:2026-01-02T03:04:05Z')).toEqual({ kind: 'timestamp', ms: 1767323045000 })
    expect(parseStartFrom('gtid:0-1-5,1-1-2')).toEqual({ kind: 'gtid', gtid: '0-1-5,1-1-2' })
  })

  it.each(['newest', 'scn:x', 'timestamp:soon', 'gtid:1', 'scn:'])('refuses %s', (text) => {
    expect(() => parseStartFrom(text)).toThrow(expect.objectContaining({ code: 'AESOP_MYSQL_START_FROM' }) as object)
  })
})
