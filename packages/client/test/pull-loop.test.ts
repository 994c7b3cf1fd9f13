import { afterEach, describe, expect, it } from 'vitest'
import { type Registration } from '@aesop/client'
import { eventually } from './support/eventually.ts'
import { type HarnessOptions, registrationOf } from './support/harness.ts'
import { RecordingConsumer } from './support/recording-consumer.ts'
import { TestRelay } from './support/test-relay.ts'

const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop()
})

async function relayWith(...scns: bigint[]): Promise<TestRelay & { at: { host: string; port: number } }> {
  const relay = new TestRelay()
  for (const scn of scns) relay.append(scn, [{ id: Number(scn), name: `n${scn}` }])
  const at = await relay.start()
  open.push(relay)
  return Object.assign(relay, { at })
}

async function start(options: HarnessOptions): Promise<Registration> {
  const registration = registrationOf(options)
  open.push(registration)
  await registration.start()
  return registration
}

const rowsOf = (...scns: number[]): string[] => scns.map((scn) => `${scn}/${scn}/n${scn}`)

describe('a registration that pulls from a relay', () => {
  it('brings every row in order, whole windows, and what comes later at once', async () => {
    const relay = await relayWith(1n, 2n)
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer })
    await eventually('two rows', () => consumer.rows.length === 2)
    relay.append(3n, [{ id: 3, name: 'n3' }])
    await eventually('the third row', () => registration.checkpoint?.windowScn === 3n)
    expect(consumer.rows).toEqual(rowsOf(1, 2, 3))
    expect(relay.requests).toHaveLength(1)
    expect(registration.health()).toEqual({ status: 'up' })
  })
})
