import { describe, expect, it } from 'vitest'
import { type KnownLog, LogWatch } from '../src/server/log-watch.ts'
import { type LogNow } from '../src/server/server-facts.ts'

const PLACE = { file: 'mysql-bin.000003', position: 1184 }
const BEGUN = 1_700_000_000
const KNOWN: KnownLog = { identity: 'uuid-1', resets: 7, lastLog: 'mysql-bin.000003' }
const NOW: LogNow = { identity: 'uuid-1', resets: 7, end: PLACE }

/** A watch over a server that says what it is told to say. */
class Asked {
  now: LogNow | Error = NOW
  begunSeconds = BEGUN
  heads = 0
  readonly warnings: string[] = []
  readonly watch = new LogWatch({
    now: () => (this.now instanceof Error ? Promise.reject(this.now) : Promise.resolve(this.now)),
    begunSeconds: () => {
      this.heads++
      return Promise.resolve(this.begunSeconds)
    },
    log: { warn: (message) => this.warnings.push(message) },
  })

  constructor() {
    this.watch.settled(KNOWN)
  }

  says(change: Partial<LogNow>): Promise<string | undefined> {
    this.now = { ...NOW, ...change }
    return this.watch.contradiction(PLACE, BEGUN)
  }
}

describe('what a server says of its log, beside a connection that is quiet', () => {
  it('agrees where it ends at the place, as far as a heartbeat has it', async () => {
    const asked = new Asked()
    expect(await asked.says({})).toBeUndefined()
    expect(await asked.says({ end: { ...PLACE, position: PLACE.position + 3 * 2 ** 32 } })).toBeUndefined()
    expect(asked.heads).toBe(0)
  })

  it.each<[Partial<LogNow>, string]>([
    [{ end: { ...PLACE, position: 328 } }, 'its log ends at mysql-bin.000003:328'],
    [{ end: { ...PLACE, position: 1430 } }, 'its log ends at mysql-bin.000003:1430'],
    [{ end: { ...PLACE, file: 'mysql-bin.000001' } }, 'its log ends at mysql-bin.000001:1184'],
    [{ end: undefined }, 'it writes no log'],
    [{ identity: 'uuid-2' }, 'the server uuid-2 answers, not uuid-1'],
  ])('contradicts with %j', async (change, found) => {
    expect(await new Asked().says(change)).toBe(found)
  })

  it('contradicts where a log was begun later that has come to the same place', async () => {
    const asked = new Asked()
    asked.begunSeconds = BEGUN + 60
    expect(await asked.says({ resets: 8 })).toBe(
      'its mysql-bin.000003 was begun 2023-11-14T22:14:20.000Z, not 2023-11-14T22:13:20.000Z',
    )
  })

  it('looks once into the log where something else was reset, or it has counted anew', async () => {
    const asked = new Asked()
    for (const resets of [8, 8, 0, 0]) expect(await asked.says({ resets })).toBeUndefined()
    expect(asked.heads).toBe(2)
  })

  it('breaks no second connection for what a new one has not changed, and says so', async () => {
    const asked = new Asked()
    const found = await asked.says({ end: { ...PLACE, position: 1430 } })
    asked.watch.broke(PLACE, found ?? '')
    asked.watch.settled(KNOWN)
    expect(await asked.says({ end: { ...PLACE, position: 1430 } })).toBeUndefined()
    expect(asked.warnings).toEqual([
      'a new connection brings nothing either: it stands at mysql-bin.000003:1184, but its log ends at mysql-bin.000003:1430',
    ])
    expect(await asked.says({ end: { ...PLACE, position: 1700 } })).toBe('its log ends at mysql-bin.000003:1700')
  })

  it('has nothing to compare with before a place was settled', async () => {
    const asked = new LogWatch({
      now: () => Promise.reject(new Error('nobody asks')),
      begunSeconds: () => Promise.reject(new Error('nobody asks')),
      log: { warn: () => undefined },
    })
    expect(await asked.contradiction(PLACE, BEGUN)).toBeUndefined()
    expect(asked.endsByName(PLACE.file)).toBe(false)
  })

  it('says that it does not know where the server does not answer', async () => {
    const asked = new Asked()
    asked.now = new Error('too many connections')
    await expect(asked.watch.contradiction(PLACE, BEGUN)).rejects.toThrow('too many connections')
    expect(asked.warnings).toEqual([
      'whether the log goes on elsewhere is not known while it is quiet: too many connections',
    ])
  })

  it('knows which logs end by naming the next one: those that the server has begun or ended since', () => {
    const { watch } = new Asked()
    const files = ['mysql-bin.000002', 'mysql-bin.000003', 'mysql-bin.000010']
    expect(files.map((file) => watch.endsByName(file))).toEqual([false, true, true])
  })
})
