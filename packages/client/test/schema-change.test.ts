import { type SchemaChange, type Result } from '@aesop/client'
import { SCHEMA_CHANGE_SCHEMA } from '@aesop/event'
import { silentLogger } from '@aesop/kernel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from './support/eventually.ts'
import { feeding } from './support/feed.ts'
import { registrationOf } from './support/harness.ts'
import { ADDRESS, CHANGES, PERSON, PERSON_SCHEMA, windowOf } from './support/person-stream.ts'
import { RecordingConsumer } from './support/recording-consumer.ts'
import { TestRelay } from './support/test-relay.ts'

class ToldConsumer extends RecordingConsumer {
  readonly changes: SchemaChange[] = []
  onSchemaChange(change: SchemaChange, signal: AbortSignal): Result {
    this.changes.push(change)
    const line = `${change.kind} ${change.scn} ${change.source}`
    this.trace.push(line)
    return this.on(line, signal)
  }
}

function warnings(): { log: typeof silentLogger; lines: string[] } {
  const lines: string[] = []
  return { log: { ...silentLogger, warn: (line) => lines.push(line) }, lines }
}

describe('a change of a table', () => {
  it('that fails at the consumer, or lacks a schema, is named by SCN, source and ordinal', async () => {
    const consumer = new ToldConsumer()
    consumer.on = (line) => (line.startsWith('TRUNCATE') ? 'ERROR' : undefined)
    const change = [{ id: 1, name: 'a' }, { change: 'TRUNCATE', of: ADDRESS } as const]
    await expect(feeding(consumer).feed(windowOf(8n, change))).rejects.toMatchObject({
      code: 'AESOP_CLIENT_CONSUMER_FAILED',
      message: expect.stringContaining('SCN 8, source "or_test.address", ordinal 1') as string,
      fields: { callback: 'onSchemaChange', scn: 8n, source: 'or_test.address', ordinal: 1 },
    })
    const unknown = windowOf(9n, [{ id: 1, name: 'a' }], PERSON_SCHEMA, Buffer.alloc(16, 7))
    await expect(feeding(consumer).feed(unknown)).rejects.toMatchObject({
      code: 'AESOP_CLIENT_SCHEMA_MISSING',
      message: expect.stringContaining('(SCN 9, ordinal 0)') as string,
      fields: { source: 'or_test.person', scn: 9n, ordinal: 0 },
    })
  })

  it('comes between the rows of its window, and is a window of its own where the log has it so', async () => {
    const consumer = new ToldConsumer()
    const { feed, acknowledged } = feeding(consumer)
    await feed(
      windowOf(7n, [{ change: 'TRUNCATE', of: PERSON, sql: 'TRUNCATE person' }]),
      windowOf(8n, [
        { id: 1, name: 'a' },
        { change: 'QUARANTINED', of: ADDRESS },
        { id: 2, name: 'b' },
      ]),
    )
    expect(consumer.trace).toEqual([
      'window 7',
      'TRUNCATE 7 or_test.person',
      'end 7',
      'checkpoint 7',
      'window 8',
      'source or_test.person',
      'row 8 or_test.person 1',
      'end of or_test.person',
      'QUARANTINED 8 or_test.address',
      'source or_test.person',
      'row 8 or_test.person 2',
      'end of or_test.person',
      'end 8',
      'checkpoint 8',
    ])
    expect(consumer.changes[0]).toEqual({
      scn: 7n,
      kind: 'TRUNCATE',
      source: 'or_test.person',
      database: 'or_test',
      table: 'person',
      sql: 'TRUNCATE person',
      atMs: 1_700_000_000_000,
    })
    expect(acknowledged).toEqual([7n, 8n])
  })

  it('of a table that the registration does not follow is to it as if it were not there', async () => {
    const consumer = new ToldConsumer()
    const { feed, acknowledged } = feeding(consumer, { logicalSources: [PERSON.name] })
    await feed(
      windowOf(7n, [{ change: 'DROP', of: ADDRESS }]),
      windowOf(8n, [
        { change: 'DROP', of: ADDRESS },
        { id: 1, name: 'a' },
      ]),
    )
    expect(consumer.trace).toEqual([
      'checkpoint 7',
      'window 8',
      'source or_test.person',
      'row 8 or_test.person 1',
      'end of or_test.person',
      'end 8',
      'checkpoint 8',
    ])
    expect(acknowledged).toEqual([7n, 8n])
  })

  it('that took rows away is one warning where the consumer has no callback for it', async () => {
    const { log, lines } = warnings()
    const { feed, dispatcher } = feeding(new RecordingConsumer(), { log })
    const kinds = ['TRUNCATE', 'DROP', 'RENAME', 'ALTER', 'CREATE', 'RELEASED', 'PASSED_OVER'] as const
    const windows = kinds.map((change, i) => windowOf(BigInt(i + 1), [{ change, of: PERSON }]))
    await feed(...windows.slice(0, 1))
    await dispatcher.rollback()
    await feed(...windows)
    expect(lines).toHaveLength(3)
    for (const [i, kind] of ['TRUNCATE', 'DROP', 'RENAME'].entries())
      expect(lines[i]).toContain(`${kind} of or_test.person`)
  })

  it('that its consumer fails at comes again', async () => {
    const consumer = new ToldConsumer()
    const { feed, dispatcher } = feeding(consumer)
    consumer.on = (line) => (line.startsWith('ALTER') && consumer.changes.length === 1 ? 'ERROR' : undefined)
    const window = windowOf(7n, [{ change: 'ALTER', of: PERSON }])
    await expect(feed(window)).rejects.toMatchObject({ code: 'AESOP_CLIENT_CONSUMER_FAILED' })
    await dispatcher.rollback()
    await feed(window)
    expect(consumer.changes.map(({ kind }) => kind)).toEqual(['ALTER', 'ALTER'])
  })
})

describe('from a relay', () => {
  let relay: TestRelay
  beforeEach(() => {
    relay = new TestRelay()
    relay.sources = [PERSON, ADDRESS, CHANGES]
    relay.schemas = [
      { id: PERSON.id, version: 1, schema: PERSON_SCHEMA },
      { id: CHANGES.id, version: 1, schema: SCHEMA_CHANGE_SCHEMA },
    ]
  })
  afterEach(() => relay.stop())

  it('changes of tables are asked for beside the sources that are wanted', async () => {
    const consumer = new ToldConsumer()
    const registration = registrationOf({ relays: [await relay.start()], consumer })
    await registration.start()
    relay.append(1n, [
      { change: 'ALTER', of: PERSON },
      { id: 1, name: 'a' },
    ])
    await eventually('a row', () => consumer.rows.length === 1)
    expect(consumer.changes.map(({ kind }) => kind)).toEqual(['ALTER'])
    expect(relay.requests[0]?.sources).toEqual([PERSON.id, CHANGES.id])
    await registration.stop()
  })

  it('that knows no such source, rows come as ever', async () => {
    relay.sources = [PERSON]
    const consumer = new ToldConsumer()
    const registration = registrationOf({ relays: [await relay.start()], consumer })
    await registration.start()
    relay.append(1n, [{ id: 1, name: 'a' }])
    await eventually('a row', () => consumer.rows.length === 1)
    expect(relay.requests[0]?.sources).toEqual([PERSON.id])
    await registration.stop()
  })

  it('that cuts a window, no row comes twice though a change before it was nobody’s', async () => {
    relay.follows = false
    const consumer = new ToldConsumer()
    const window = [
      { change: 'ALTER' as const, of: ADDRESS },
      ...[1, 2, 3].map((id) => ({ id, name: 'x'.repeat(300) })),
    ]
    relay.append(1n, window)
    const largest = Math.max(...(relay.windows[0]?.ends ?? []).map((end, i, ends) => end - (ends[i - 1] ?? 0)))
    const registration = registrationOf({
      relays: [await relay.start()],
      consumer,
      properties: { 'databus.client.connectionDefaults.eventBuffer.maxSize': Math.max(1024, 2 * largest) },
    })
    await registration.start()
    await eventually('the end of the window', () => consumer.trace.includes('checkpoint 1'))
    expect(relay.requests.length).toBeGreaterThan(1)
    expect(consumer.rows.map((row) => row.slice(0, 4))).toEqual(['1/1/', '1/2/', '1/3/'])
    await registration.stop()
  })
})

describe('where rows of a table begin to be left out, a registration', () => {
  let relay: TestRelay
  beforeEach(() => {
    relay = new TestRelay()
    relay.sources = [PERSON, ADDRESS, CHANGES]
    relay.schemas = [
      ...[PERSON, ADDRESS].map(({ id }) => ({ id, version: 1, schema: PERSON_SCHEMA })),
      { id: CHANGES.id, version: 1, schema: SCHEMA_CHANGE_SCHEMA },
    ]
    relay.append(1n, [{ id: 1, name: 'a' }])
    relay.append(2n, [
      { id: 2, name: 'b' },
      { change: 'QUARANTINED', of: PERSON },
      { id: 3, name: 'c', source: ADDRESS },
    ])
    relay.append(3n, [{ id: 4, name: 'd', source: ADDRESS }])
  })
  afterEach(() => relay.stop())

  const BOTH = [PERSON.name, ADDRESS.name]

  it('of that table is suspended there by name, and goes on without the rows when it is resumed', async () => {
    const consumer = new ToldConsumer()
    const registration = registrationOf({ relays: [await relay.start()], consumer, logicalSources: BOTH })
    await registration.start()
    await eventually('the suspension', () => consumer.errors.length === 1)
    expect(consumer.errors[0]).toMatchObject({
      code: 'AESOP_CLIENT_SOURCE_QUARANTINED',
      canRetry: false,
      fields: { source: PERSON.name, scn: 2n, ordinal: 1 },
    })
    expect(consumer.rows).toEqual(['1/1/a', '2/2/b'])
    expect(consumer.changes.map(({ kind }) => kind)).toEqual(['QUARANTINED'])
    expect(registration.health()).toMatchObject({
      status: 'down',
      detail: expect.stringContaining(PERSON.name) as string,
    })
    expect(registration.checkpoint?.windowScn).toBe(1n)
    registration.resume()
    await eventually('the rest', () => consumer.rows.includes('3/4/d'))
    // The window that it had stopped in comes again, whole.
    expect(consumer.rows).toEqual(['1/1/a', '2/2/b', '2/2/b', '2/3/c', '3/4/d'])
    expect(registration.health().status).toBe('up')
    await registration.stop()
  })

  it('without a callback for it is suspended all the same, also after a pause', async () => {
    const consumer = new RecordingConsumer()
    const registration = registrationOf({ relays: [await relay.start()], consumer, logicalSources: BOTH })
    await registration.start()
    registration.pause()
    registration.resume()
    await eventually('the suspension', () => consumer.errors.length === 1)
    expect(consumer.errors[0]).toMatchObject({ fields: { source: PERSON.name, scn: 2n, ordinal: 1 } })
    expect(consumer.rows).toEqual(['1/1/a', '2/2/b'])
    await registration.stop()
  })

  it.each([
    ['of another table', { logicalSources: [ADDRESS.name] }, ['2/3/c', '3/4/d']],
    [
      'with onSourceQuarantined: continue',
      { logicalSources: BOTH, onSourceQuarantined: 'continue' as const },
      ['1/1/a', '2/2/b', '2/3/c', '3/4/d'],
    ],
  ])('%s goes on', async (_which, options, rows) => {
    relay.sources = options.logicalSources.length === 1 ? [ADDRESS, CHANGES] : relay.sources
    const consumer = new RecordingConsumer()
    const registration = registrationOf({ relays: [await relay.start()], consumer, ...options })
    if (options.logicalSources.length === 1) {
      relay.windows.splice(
        0,
        2,
        windowOf(2n, [
          { change: 'QUARANTINED', of: PERSON },
          { id: 3, name: 'c', source: ADDRESS },
        ]),
      )
    }
    await registration.start()
    await eventually('the last row', () => consumer.rows.includes('3/4/d'))
    expect(consumer.rows).toEqual(rows)
    expect(consumer.errors).toEqual([])
    await registration.stop()
  })
})
