import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from './support/eventually.ts'
import { type HarnessOptions, registrationOf } from './support/harness.ts'
import { ADDRESS, PERSON } from './support/person-stream.ts'
import { RecordingConsumer } from './support/recording-consumer.ts'
import { TestRelay } from './support/test-relay.ts'

const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop()
})

async function relayWith(scn: bigint): Promise<TestRelay & { at: { host: string; port: number } }> {
  const relay = new TestRelay()
  relay.append(scn, [{ id: Number(scn), name: `n${scn}` }])
  const at = await relay.start()
  open.push(relay)
  return Object.assign(relay, { at })
}

async function start(options: HarnessOptions) {
  const registration = registrationOf(options)
  open.push(registration)
  await registration.start()
  return registration
}

describe('sources of several physical sources of a relay', () => {
  const listed = (name: string, ...sources: { name: string }[]) => ({ name, sources })
  const both = [PERSON.name, ADDRESS.name]

  it('suspend a registration over them by name, with the way on', async () => {
    const relay = await relayWith(1n)
    relay.sources = [PERSON, ADDRESS]
    relay.physicalSources = [listed('shop', PERSON), listed('crm', ADDRESS)]
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer, logicalSources: both })
    await eventually('the suspension', () => registration.health().status === 'down')
    expect(consumer.errors[0]).toMatchObject({
      code: 'AESOP_CLIENT_SOURCES_APART',
      message: expect.stringContaining(
        `"${PERSON.name}" of the physical source "shop", and "${ADDRESS.name}" of the physical source "crm"`,
      ) as unknown,
      remedy: expect.stringContaining('a registration with an id of its own for each physical source') as unknown,
    })
    expect([relay.requests.length, consumer.rows]).toEqual([0, []])
  })

  it('are read by a registration of one of them, and together where they are of one', async () => {
    for (const [wanted, physicalSources] of [
      [[PERSON.name], [listed('shop', PERSON), listed('crm', ADDRESS)]],
      [both, [listed('shop', PERSON, ADDRESS)]],
      [both, undefined],
    ] as const) {
      const relay = await relayWith(1n)
      relay.sources = [PERSON, ADDRESS]
      relay.physicalSources = physicalSources
      const consumer = new RecordingConsumer()
      await start({ relays: [relay.at], consumer, logicalSources: wanted })
      await eventually('the row', () => consumer.rows.length === 1)
    }
  })
})
