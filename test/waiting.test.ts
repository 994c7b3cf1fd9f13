import { afterEach, describe, expect, test, vi } from 'vitest'
import { testLog } from './support/test-log.ts'
import { until } from './support/until.ts'
import { witness } from './support/witness.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const messageOf = async (waiting: Promise<unknown>): Promise<string> => {
  try {
    await waiting
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('it came true')
}

describe('a wait that ends in vain', () => {
  test('says what it waited for, the last value, and what everything that runs says of itself', async () => {
    vi.stubEnv('AESOP_TEST_LOG', undefined)
    let rows = 0
    const log = testLog('the client')
    witness('people', () => ({ health: { status: 'degraded' }, puller: 'backing-off', rows: ['UPSERT 1', 'UPSERT 2'] }))
    witness('one that is gone', () => {
      throw new Error('it was stopped')
    })
    for (let i = 1; i <= 30; i++) log.info(`line ${i}`, { scn: 7n })
    const message = await messageOf(
      until(
        'three rows',
        () => (rows += 1) < 0,
        20,
        () => ({ rows: rows > 0 }),
      ),
    )
    expect(message).toBe(`not within 20 ms: three rows
waited for: () => (rows += 1) < 0
seen at the end: { rows: true }
── log of the client
${Array.from({ length: 25 }, (_, i) => `info line ${i + 6} { scn: 7n }`).join('\n')}
── people
{ health: { status: 'degraded' }, puller: 'backing-off', rows: [ 'UPSERT 1', 'UPSERT 2' ] }
── one that is gone
could not say: Error: it was stopped`)
  })

  test('has the last entries of long lists, those of a consumer too', async () => {
    witness('consumer', () => ({ name: 'people', keys: Array.from({ length: 1000 }, (_, i) => i) }))
    const seen = (): number[] => Array.from({ length: 40 }, (_, i) => i)
    const message = await messageOf(until('more', () => false, 1, seen))
    expect(message).toMatch(/seen at the end: \[\s*'\(15 before\)',[^\]]* 39\s*\]/)
    expect(message).toMatch(/── consumer\n\{\s*name: 'people',\s*keys: \[\s*'\(975 before\)',[^\]]* 999\s*\]/)
  })

  test('says nothing of what a former test has started', async () => {
    expect(await messageOf(until('nothing', () => false, 1))).toBe('not within 1 ms: nothing\nwaited for: () => false')
  })
})

describe('AESOP_TEST_LOG', () => {
  const written = (): string[] => {
    const lines: string[] = []
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      lines.push(String(text))
      return true
    })
    return lines
  }

  test('shows lines of its level and graver ones as they come, and without it none', () => {
    const lines = written()
    vi.stubEnv('AESOP_TEST_LOG', undefined)
    testLog('quiet').error('unheard')
    vi.stubEnv('AESOP_TEST_LOG', 'info')
    const log = testLog('the relay')
    log.debug('too fine')
    log.info('it runs', { port: 1 })
    log.error('it broke')
    expect(lines).toEqual(['[the relay] info it runs { port: 1 }\n', '[the relay] error it broke\n'])
  })

  test('of another name is refused', () => {
    vi.stubEnv('AESOP_TEST_LOG', 'loud')
    expect(() => testLog('any')).toThrow('AESOP_TEST_LOG is "loud", expected one of error, warn, info, debug')
  })
})
