import { EventBuffer } from '@aesop/buffer'
import { silentLogger } from '@aesop/kernel'
import { PhysicalSourceConfig } from '@aesop/producer'
import { MemorySchemaRegistry } from '@aesop/schema'
import { ScnNotFoundError, ScnSpaceForeignError } from '@aesop/wire'
import { expect, test } from 'vitest'
import { UpstreamReading } from '../src/upstream-reading.ts'
import { type UpstreamRelay } from '../src/upstream-relay.ts'
import { UpstreamRelays, type UpstreamRelaysOptions } from '../src/upstream-relays.ts'
import { UpstreamSchemas } from '../src/upstream-schemas.ts'

/** A relay that answers when it is told to. */
class SlowRelays extends UpstreamRelays {
  readonly closed: string[] = []
  answer: () => void = () => undefined

  override ask<Answer>(question: (upstream: UpstreamRelay) => Promise<Answer>): Promise<Answer> {
    const answer = {
      pendingBytes: 0,
      next: () => Promise.resolve(undefined),
      close: () => {
        this.closed.push('answer')
        return Promise.resolve()
      },
    }
    const upstream = {
      address: 'the relay',
      windowsAfter: () =>
        new Promise(
          (resolve) =>
            (this.answer = () => {
              resolve(answer)
            }),
        ),
      close: () => this.closed.push('connection'),
    }
    return question(upstream as unknown as UpstreamRelay)
  }
}

/** A relay that refuses within its first answer, or the question behind it. */
class RefusingRelays extends UpstreamRelays {
  readonly #refusal: Error
  readonly #when: 'within' | 'behind'
  moved = 0

  constructor(options: UpstreamRelaysOptions, refusal: Error, when: 'within' | 'behind') {
    super(options)
    this.#refusal = refusal
    this.#when = when
  }

  override moveOn(): void {
    this.moved++
  }

  override ask<Answer>(question: (upstream: UpstreamRelay) => Promise<Answer>): Promise<Answer> {
    const next = (): Promise<undefined> =>
      this.#when === 'within' ? Promise.reject(this.#refusal) : Promise.resolve(undefined)
    const answer = { pendingBytes: 0, next, close: () => Promise.resolve() }
    let asked = 0
    const upstream = {
      address: 'the relay',
      followMs: 0,
      windowsAfter: () => (asked++ === 0 ? Promise.resolve(answer) : Promise.reject(this.#refusal)),
      close: () => undefined,
    }
    return question(upstream as unknown as UpstreamRelay)
  }
}

function readingOf(relays: UpstreamRelays): UpstreamReading {
  return new UpstreamReading({
    relays,
    schemas,
    scnSpace: 'one',
    sink: new EventBuffer({ maxBytes: 4096, segmentBytes: 1024, physicalPartition: 1 }),
    physicalPartition: 1,
    reachedScn: () => 0n,
    onWindow: () => undefined,
  })
}

const physicalSource = PhysicalSourceConfig.from({ uri: 'relay://127.0.0.1:1', name: 'shop', sources: ['a.b'] })
const schemas = new UpstreamSchemas(new MemorySchemaRegistry(), physicalSource.servedSources)
const options = { relays: [], physicalSource, schemas, silenceMs: 1000, log: silentLogger }

test('an attempt that is closed just as the relay answers leaves no connection, and reads nothing', async () => {
  const relays = new SlowRelays(options)
  const reading = readingOf(relays)
  const connecting = reading.connect()
  relays.answer()
  await reading.close()
  await connecting
  expect(await reading.ended).toBeUndefined()
  expect(relays.closed).toEqual(['answer', 'connection'])
  expect(reading.address).toBeUndefined()
})

test.each([
  ['has overrun it', 'behind', ScnNotFoundError.of(10n, 500n)],
  ['has overrun it', 'within', ScnNotFoundError.of(10n, 500n)],
  ['reads another database now', 'behind', ScnSpaceForeignError.of(10n, 'one', 'it', 'other')],
] as const)(
  'where the relay that it follows %s, which it says %s an answer, all relays are asked: what one says is not final',
  async (_what, when, refusal) => {
    const relays = new RefusingRelays(options, refusal, when)
    const reading = readingOf(relays)
    await reading.connect()
    const error = await reading.ended
    expect(error).toMatchObject({ code: 'AESOP_UPSTREAM_REFUSED', canRetry: true, cause: refusal })
    expect(error?.message).toBe(`the relay at the relay does not give what comes next: ${refusal.message}`)
    expect(relays.moved).toBe(1)
    await reading.close()
  },
)
