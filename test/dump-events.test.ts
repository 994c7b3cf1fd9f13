import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventBytesMax, sealEvent, writeEndOfPeriod, writeEvent } from '@aesop/event'
import { compileRowEncoder, schemaIdOf } from '@aesop/schema'
import { expect, onTestFinished, test } from 'vitest'
import { PERSON, startRelay, streamPath } from '../packages/relay/test/support/relay-fixture.ts'
import { eventLines } from './support/event-text.ts'
import { newFolder, removeFolder } from './support/test-folder.ts'

const SCHEMA =
  '{"type":"record","name":"Person","fields":[{"name":"id","type":"long"},{"name":"name","type":"string"}]}'
const NANOS = 1_234_567_890_123_456_789n
const ID = schemaIdOf(SCHEMA)

/** A window of one row and its end, as a segment holds it. */
function windowBytes(): Buffer {
  const value = compileRowEncoder(SCHEMA)({ id: 7n, name: 'Ada' })
  const bytes = Buffer.alloc(eventBytesMax('k\n', value.length, 1) + 100)
  const event = { opcode: 'UPSERT', key: 'k\n', timestampNanos: NANOS, sourceId: 40, logicalPartition: 2 } as const
  const append = { ...event, schemaId: ID, maxValueBytes: value.length }
  writeEvent(bytes, 0, append, 1, 1, (target, at) => at + value.copy(target, at))
  const end = sealEvent(bytes, 0, 0, 1000)
  return Buffer.from(bytes.subarray(0, writeEndOfPeriod(bytes, end, 1000n, 1, 1, NANOS)))
}

test('events are told with their header, key, schema, length and proof, and rows where the schema is known', () => {
  const lines = [...eventLines(windowBytes(), [SCHEMA])]
  const header = '2009-02-13T23:31:30.123Z, partition 1'
  expect(lines).toEqual([
    `0: scn 1000, 64 bytes, crc ok, ${header}, UPSERT key "k\\n" of source 40/2, schema ${ID.toString('hex')}, value 5 bytes\n  { id: 7n, name: 'Ada' }`,
    `64: scn 1000, 61 bytes, crc ok, ${header}, end of window`,
  ])
  expect(eventLines(windowBytes(), []).next().value).toMatch(/value 5 bytes$/)
})

test('what is damaged, cut short or empty is said, where it is', () => {
  const damaged = windowBytes()
  damaged[94] = (damaged[94] ?? 0) ^ 1
  expect([...eventLines(damaged, [])].at(-1)).toMatch(/^64: EventCorruptError: /)
  expect([...eventLines(windowBytes().subarray(0, 100), [])].at(-1)).toMatch(/^64: EventTruncatedError: /)
  expect([...eventLines(Buffer.alloc(0), [])]).toEqual(['no event'])
})

/** `npm run dump -- …` */
async function dump(...args: string[]): Promise<string> {
  const script = join(import.meta.dirname, 'support/dump-events.ts')
  const node = ['--conditions=source', '--import', 'tsx', script, ...args]
  return (await promisify(execFile)(process.execPath, node)).stdout
}

test('the command reads a file with a folder of schemas, and a stream of a relay with its own', async () => {
  const folder = newFolder('dump')
  onTestFinished(() => {
    removeFolder(folder)
  })
  writeFileSync(join(folder, 'seen'), windowBytes())
  writeFileSync(join(folder, 'Person.1.avsc'), SCHEMA)
  expect(await dump('--schemas', folder, join(folder, 'seen'))).toContain("\n  { id: 7n, name: 'Ada' }\n64: scn 1000")
  const { producer, port } = await startRelay()
  producer.addWindow([{ source: PERSON.name, key: 5 }], 101n)
  const text = await dump(
    `http://127.0.0.1:${port}${streamPath({ checkPoint: '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":0,"prevScn":0,"windowOffset":-1}' })}`,
  )
  expect(text).toMatch(/^0: scn 101, \d+ bytes, crc ok, .* UPSERT key 5 of source 40/)
  expect(text).toMatch(/\n {2}\{ .*\n\d+: scn 101, .* end of window\n$/s)
  await expect(dump(`http://127.0.0.1:${port}/stream?sources=x`)).rejects.toThrow(/answered \d+: \S/)
})
