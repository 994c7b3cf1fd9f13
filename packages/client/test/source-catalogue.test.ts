import { EventDecoder, type EventView } from '@aesop/event'
import { schemaIdOf, textIdOf } from '@aesop/schema'
import { expect, test } from 'vitest'
import { SubscribedSource } from '../src/source-catalogue.ts'
import { PERSON, PERSON_SCHEMA, windowOf } from './support/person-stream.ts'

const SPACED = JSON.stringify(JSON.parse(PERSON_SCHEMA), null, 2)

function eventWith(schemaId: Buffer): EventView {
  const decoder = new EventDecoder(1024)
  decoder.push(windowOf(1n, [{ id: 1, name: 'Ada' }], PERSON_SCHEMA, schemaId).bytes)
  const view = decoder.next()
  if (view === undefined) throw new Error('the window has an event')
  return view
}

test.each([
  ['the normal form', schemaIdOf(PERSON_SCHEMA)],
  ['the text itself, as former relays made ids,', textIdOf(SPACED)],
])('the schema of an event is found by the MD5 of %s whatever the spaces', (_what, id) => {
  const source = new SubscribedSource(PERSON, [{ id: PERSON.id, version: 7, schema: SPACED }])
  const view = eventWith(id)
  const schema = source.schemaOf(view)
  expect(schema).toMatchObject({ id: id.toString('hex'), version: 7, text: SPACED })
  expect(source.schemaOf(view)).toBe(schema)
  expect(schema?.reader(view.bytes, view.valueOffset, view.end)).toEqual({ id: 1n, name: 'Ada' })
})

test('an event under another id has no schema', () => {
  const source = new SubscribedSource(PERSON, [{ id: PERSON.id, version: 1, schema: SPACED }])
  expect(source.schemaOf(eventWith(Buffer.alloc(16, 1)))).toBeUndefined()
})
