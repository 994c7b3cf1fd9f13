import { MemorySchemaRegistry, type SchemaRegistry } from '@aesop/schema'
import { describe, expect, it } from 'vitest'
import { MySQLConstants } from '../src/log/binlog-event.ts'
import { decodeRecording, type RecordingSink } from './recorded-log.ts'

const ITEM = ['shop.item']

/** The id of the schema that the registry names for rows of this SCN. */
function idAt(schemas: SchemaRegistry, scn: bigint): string | undefined {
  const span = schemas.history('shop.item').findLast(({ sinceScn }) => sinceScn <= scn)
  return schemas.versions('shop.item').find(({ version }) => version === span?.version)?.idHex
}

function expectPlaces(schemas: SchemaRegistry, sink: RecordingSink): void {
  const windows = sink.windows.filter(({ changes }) => changes.length > 0)
  for (const { scn, changes } of windows) {
    expect(new Set(changes.map(({ schemaIdHex }) => schemaIdHex))).toEqual(new Set([idAt(schemas, scn)]))
  }
  expect(new Set(windows.map(({ scn }) => idAt(schemas, scn))).size).toBeGreaterThan(2)
}

describe('a table that changes, in a log', () => {
  it('has its shapes in the registry, each from the SCN of its first window on', async () => {
    const schemas = new MemorySchemaRegistry()
    const sink = await decodeRecording('shapes', ITEM, { schemas })
    expectPlaces(schemas, sink)
    expect(schemas.latest('shop.item')?.idHex).toBe(sink.changes.at(-1)?.schemaIdHex)
  })

  it('has its schemas with its table maps, before any row', async () => {
    const schemas = new MemorySchemaRegistry()
    const { WRITE_ROWS_EVENT, UPDATE_ROWS_EVENT, DELETE_ROWS_EVENT } = MySQLConstants
    const nothing = { process: () => undefined }
    const eventsMap = new Map([WRITE_ROWS_EVENT, UPDATE_ROWS_EVENT, DELETE_ROWS_EVENT].map((type) => [type, nothing]))
    const sink = await decodeRecording('shapes', ITEM, { schemas, eventsMap })
    expect(sink.changes).toEqual([])
    expect(schemas.versions('shop.item').length).toBeGreaterThan(2)
  })

  it('adds nothing when it is read again, with the same bytes', async () => {
    const schemas = new MemorySchemaRegistry()
    const sink = await decodeRecording('shapes', ITEM, { schemas })
    const { revision } = schemas
    expect((await decodeRecording('shapes', ITEM, { schemas })).windows).toEqual(sink.windows)
    expect(schemas.revision).toBe(revision)
  })

  it('keeps its newest shape highest when the older ones come late, with the same bytes', async () => {
    const known = new MemorySchemaRegistry()
    const sink = await decodeRecording('shapes', ITEM, { schemas: known })
    const newest = known.latest('shop.item')
    const since = known.history('shop.item').at(-1)?.sinceScn
    if (newest === undefined || since === undefined) throw new Error('the recording has shapes')
    const schemas = new MemorySchemaRegistry()
    schemas.register('shop.item', newest.text, since)
    expect((await decodeRecording('shapes', ITEM, { schemas })).windows).toEqual(sink.windows)
    expectPlaces(schemas, sink)
    expect(schemas.versions('shop.item').length).toBeGreaterThan(3)
    expect(schemas.latest('shop.item')?.text).toBe(newest.text)
  })
})
