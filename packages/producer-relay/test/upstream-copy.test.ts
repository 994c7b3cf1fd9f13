import { EventBuffer } from '@aesop/buffer'
import { EventView } from '@aesop/event'
import { MemorySchemaRegistry, schemaIdOf } from '@aesop/schema'
import { describe, expect, test } from 'vitest'
import { UpstreamCopy } from '../src/upstream-copy.ts'
import { UpstreamSchemas } from '../src/upstream-schemas.ts'
import { thrownBy } from '../../../test/support/thrown-by.ts'
import { PERSON } from './support/chain.ts'

const SCHEMA = '{"type":"record","name":"P","fields":[{"name":"id","type":"int"}]}'
const OTHER = '{"type":"record","name":"P","fields":[{"name":"id","type":"long"}]}'

/** Events of windows with one row each, as a relay sends them: each event by itself. */
function eventsOf(scns: readonly bigint[], { sourceId = PERSON.id, schema = SCHEMA, partition = 1 } = {}): EventView[] {
  const buffer = new EventBuffer({ maxBytes: 1 << 20, physicalPartition: partition })
  buffer.start(0n)
  for (const scn of scns) {
    buffer.beginWindow()
    const append = { opcode: 'UPSERT', key: 1, timestampNanos: scn, logicalPartition: 0, maxValueBytes: 1 } as const
    buffer.append({ ...append, sourceId, schemaId: schemaIdOf(schema) }, (target, at) => {
      target[at] = 2
      return at + 1
    })
    buffer.endWindow(scn)
  }
  const step = buffer.read(0n, -1, 1 << 20)
  if (step.kind !== 'chunk') throw new Error(step.kind)
  const events: EventView[] = []
  for (let at = 0; at < step.bytes.length; at = events.at(-1)?.end ?? at)
    events.push(new EventView().moveTo(step.bytes, at))
  return events
}

function copyInto(learn: (schemas: UpstreamSchemas) => void = () => undefined): {
  copy: UpstreamCopy
  sink: EventBuffer
  closed: bigint[]
} {
  const sink = new EventBuffer({ maxBytes: 1 << 20, physicalPartition: 1 })
  sink.start(0n)
  const schemas = new UpstreamSchemas(new MemorySchemaRegistry(), [PERSON])
  schemas.take([{ id: PERSON.id, version: 1, schema: SCHEMA }])
  const closed: bigint[] = []
  const copy = new UpstreamCopy({
    address: 'near:9000',
    sink,
    schemas,
    physicalPartition: 1,
    reachedScn: () => sink.lastScn,
    learn: () => {
      learn(schemas)
      return Promise.resolve()
    },
    onWindow: (scn) => closed.push(scn),
  })
  return { copy, sink, closed }
}

describe('the copy of windows', () => {
  test('closes each window as it is closed there', () => {
    const { copy, sink, closed } = copyInto()
    const events = eventsOf([10n, 20n])
    const isOpen = events.map((event) => {
      expect(copy.take(event)).toBeUndefined()
      return copy.isOpen
    })
    expect(isOpen).toEqual([true, false, true, false])
    expect(closed).toEqual([10n, 20n])
    const step = sink.read(0n, -1, 1 << 20)
    expect(step).toMatchObject({ kind: 'chunk', bytes: events[0]?.bytes })
  })

  test.each([
    ['a window that was there already', [10n], [10n], 'after the one of SCN 10'],
    ['a window below the last one', [10n], [9n], 'a window of SCN 9 after the one of SCN 10'],
  ])('refuses %s', (_what, before, after, text) => {
    const { copy, sink } = copyInto()
    for (const event of eventsOf(before)) expect(copy.take(event)).toBeUndefined()
    const fault = thrownBy(() => copy.take(eventsOf(after)[0] as EventView))
    expect(fault).toMatchObject({ code: 'AESOP_UPSTREAM_EVENT_ORDER' })
    expect(fault.message).toContain(text)
    expect(sink.lastScn).toBe(10n)
  })

  test.each([
    ['an event', 0],
    ['an end', 1],
  ])('refuses %s of another window within one', (_what, which) => {
    const { copy, sink } = copyInto()
    expect(copy.take(eventsOf([10n])[0] as EventView)).toBeUndefined()
    const fault = thrownBy(() => copy.take(eventsOf([11n])[which] as EventView))
    expect(fault).toMatchObject({ code: 'AESOP_UPSTREAM_EVENT_ORDER' })
    expect(fault.message).toContain('SCN 11 in the window of SCN 10')
    expect(sink.windows).toBe(0)
  })

  test.each([0, 1])('refuses another physical partition, of a row and of an end (%i)', (which) => {
    const { copy } = copyInto()
    const fault = thrownBy(() => copy.take(eventsOf([10n], { partition: 7 })[which] as EventView))
    expect(fault).toMatchObject({ code: 'AESOP_UPSTREAM_PARTITION', fields: { theirs: 7, ours: 1 } })
  })

  test('refuses a source that was not asked for', async () => {
    const { copy } = copyInto()
    await expect(copy.take(eventsOf([10n], { sourceId: 99 })[0] as EventView)).rejects.toMatchObject({
      code: 'AESOP_UPSTREAM_EVENT_ORDER',
    })
  })

  test('asks for a schema that came since, before the event that names it', async () => {
    let asked = 0
    const { copy, sink } = copyInto((schemas) => {
      asked++
      schemas.take([{ id: PERSON.id, version: 2, schema: OTHER }])
    })
    for (const event of eventsOf([10n, 20n], { schema: OTHER })) await copy.take(event)
    expect(asked).toBe(1)
    expect(sink.lastScn).toBe(20n)
  })

  test('refuses an event whose schema nobody tells, which can be tried again', async () => {
    const { copy, sink } = copyInto()
    await expect(copy.take(eventsOf([10n], { schema: OTHER })[0] as EventView)).rejects.toMatchObject({
      code: 'AESOP_UPSTREAM_SCHEMA_MISSING',
      canRetry: true,
    })
    expect(sink.windows).toBe(0)
  })
})
