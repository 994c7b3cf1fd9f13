import { endAt, isEndOfPeriodAt, scnAt } from '@aesop/event'
import { MemoryEventProducer } from '@aesop/producer'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import fc from 'fast-check'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { assertAsyncProperty } from '../../../test/support/property.ts'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { until } from '../../../test/support/until.ts'
import { NodeDisk, SegmentLog } from '@aesop/segment-files'
import { EventLogLate } from '../src/event-log-late.ts'
import { type LoggedSchemas } from '../src/event-log-schemas.ts'
import { ADDRESS, get, online, PERSON, streamPath, testContext } from './support/relay-fixture.ts'

const WRITER = 'databus.relay.eventLogWriter'
const READER = 'databus.relay.eventLogReader'
const ALL = 100_000_000
/** What is asked for, by the version of the log. */
const MAXEV = { 1: 0, 2: 2 } as const

/** A relay that writes an event log and has all in its buffer, and one that replays the log with less room. */
class Replay {
  readonly folder = newFolder('event-log-late')
  readonly producer = new MemoryEventProducer()
  readonly writer: Relay
  readonly reader: Relay
  lastScn = 0n

  constructor(eventVersion: 1 | 2, keptFiles = 1000) {
    const file = { [`${WRITER}.individualFileMaxBytes`]: 65_536, [`${WRITER}.maxFiles`]: keptFiles }
    this.writer = this.#relay('writer', { [`${WRITER}.enabled`]: true, ...file }, eventVersion, this.producer)
    const small = { [`${READER}.enabled`]: true, 'databus.relay.eventBuffer.maxSize': 65_536 }
    this.reader = this.#relay('reader', small, eventVersion)
  }

  #relay(name: string, properties: object, eventVersion: 1 | 2, producer?: MemoryEventProducer): Relay {
    const logs = { [`${WRITER}.topLevelLogDir`]: 'logs', [`${READER}.topLevelLogDir`]: 'logs' }
    const config = new RelayConfig({
      relayProperties: { 'databus.relay.container.httpPort': 0, ...logs, ...properties },
    })
    const registration = new ProducerRegistration({
      physicalSourceConfig: { uri: 'memory:test', name: 'shop', sources: [PERSON, ADDRESS], eventVersion },
      ...(producer === undefined ? {} : { eventProducer: producer }),
    })
    const folders = { projectsRoot: this.folder, stateDirectory: join(this.folder, name) }
    return new Relay({ config, registrations: [registration] }, { ...testContext(), ...folders })
  }

  /** Both relays, when the replay has what was written before. */
  async start(write: () => void): Promise<void> {
    await this.writer.start()
    write()
    await until('the replay begins', () =>
      this.reader.start().then(
        () => true,
        () => false,
      ),
    )
    await this.reached()
  }

  add(rows: number, bytes: number): void {
    this.lastScn += 10n
    const events = Array.from({ length: rows }, (_, key) => {
      return { key, source: key % 3 === 0 ? ADDRESS.name : PERSON.name, value: Buffer.alloc(bytes, key) }
    })
    this.producer.addWindow(events, this.lastScn)
  }

  reached(): Promise<void> {
    const { buffer } = this.reader
    return until(
      `SCN ${this.lastScn}`,
      () => buffer?.lastScn === this.lastScn,
      20_000,
      () => buffer?.lastScn,
    )
  }

  async close(): Promise<void> {
    await this.reader.stop()
    await this.writer.stop()
    removeFolder(this.folder)
  }
}

/** All windows up to one, of a relay that is asked again and again for so many bytes. */
async function readAll(relay: Relay, afterScn: bigint, untilScn: bigint, size: number, maxev = 0): Promise<Buffer> {
  let [scn, offset] = [afterScn, -1]
  const parts: Buffer[] = []
  const ask = async (): Promise<boolean> => {
    const path = streamPath({ checkPoint: online(scn, offset), size, maxev })
    const { body, headers } = await get(relay.address?.port ?? 0, path)
    if (headers['x-dbus-error'] !== undefined) throw new Error(body.toString())
    for (let at = 0; at < body.length; at = endAt(body, at)) {
      offset = isEndOfPeriodAt(body, at) ? -1 : Math.max(offset, 0) + 1
      scn = scnAt(body, at)
    }
    parts.push(body)
    return scn >= untilScn && offset < 0
  }
  await until(`SCN ${untilScn}`, ask, 20_000, () => ({ scn, offset }))
  return Buffer.concat(parts)
}

test.each([1, 2] as const)(
  'what its buffer has lost a replay reads from the event log, byte for byte, in version %i',
  async (eventVersion) => {
    const replay = new Replay(eventVersion)
    onTestFinished(() => replay.close())
    await replay.start(() => {
      for (let i = 1; i <= 100; i++) replay.add(i % 5, 1000)
    })
    expect(replay.reader.buffer?.prevScn).toBeGreaterThan(300n)
    const wanted = await readAll(replay.writer, 0n, replay.lastScn, ALL, MAXEV[eventVersion])
    for (const size of [3000, ALL])
      expect((await readAll(replay.reader, 0n, replay.lastScn, size, MAXEV[eventVersion])).equals(wanted)).toBe(true)
  },
)

test('what the log has no more is gone, by the SCN after which it begins', async () => {
  const replay = new Replay(1, 4)
  onTestFinished(() => replay.close())
  await replay.start(() => {
    replay.add(1, 1000)
  })
  for (let i = 1; i <= 100; i++) {
    replay.add(4, 1000)
    if (i % 5 === 0) await replay.reached()
  }
  await expect(readAll(replay.reader, 10n, replay.lastScn, ALL)).rejects.toThrow(/the relay holds what follows SCN \d+/)
})

test('one late reader goes on with what has come to the log since, and is told where that was deleted', async () => {
  const replay = new Replay(1, 4)
  onTestFinished(() => replay.close())
  await replay.start(() => {
    for (let i = 1; i <= 5; i++) replay.add(2, 1000)
  })
  const folder = join(replay.folder, 'logs', 'shop')
  const late = new EventLogLate({
    folder,
    log: () => new SegmentLog(new NodeDisk(folder), 1),
    schemas: () => ({ bring: () => undefined }) as unknown as LoggedSchemas,
    scnSpace: replay.producer.scnSpace,
    reachedScn: () => replay.lastScn,
  })
  const reader = late.readFrom(0n)
  const read = async (): Promise<bigint> => {
    const step = await reader.next(100_000, true)
    if (step.kind === 'chunk') step.release()
    return step.kind === 'gone' ? -1n : reader.scn
  }
  expect(await reader.seek(20n, -1)).toEqual({ kind: 'found' })
  await until('the end', async () => (await read()) === 50n)
  replay.add(2, 1000)
  await until('what has come', async () => (await read()) === 60n)
  for (let i = 1; i <= 100; i++) {
    replay.add(4, 1000)
    if (i % 5 === 0) await replay.reached()
  }
  await until('it is told', async () => (await read()) === -1n)
  reader.close()
  reader.close()
})

test('wherever a late reader of a log begins, while that grows: one stream, the same bytes', async () => {
  const reached = { late: 0 }
  const windows = fc.array(fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 3000 })), { minLength: 60, maxLength: 80 })
  const readers = fc.array(fc.tuple(fc.nat(20), fc.integer({ min: 12_000, max: 50_000 })), {
    minLength: 1,
    maxLength: 4,
  })
  await assertAsyncProperty(
    fc.asyncProperty(windows, readers, async (written, places) => {
      const replay = new Replay(1)
      try {
        await replay.start(() => {
          for (const [rows, bytes] of written) replay.add(rows, bytes)
        })
        const lastScn = BigInt(written.length * 20)
        const reads = places.map(async ([from, size]) => {
          if (BigInt(from * 10) < (replay.reader.buffer?.prevScn ?? 0n)) reached.late++
          return readAll(replay.reader, BigInt(from * 10), lastScn, size)
        })
        for (const [rows, bytes] of written) {
          replay.add(rows, bytes)
          await new Promise((resolve) => setImmediate(resolve))
        }
        for (const [i, read] of reads.entries()) {
          const wanted = await readAll(replay.writer, BigInt((places[i]?.[0] ?? 0) * 10), lastScn, ALL)
          expect((await read).equals(wanted)).toBe(true)
        }
      } finally {
        await replay.close()
      }
    }),
    { seed: 20261128, numRuns: 3, reached, atLeast: 3 },
  )
})
