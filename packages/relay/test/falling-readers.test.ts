import { type ProcessReader, ProcessReaders } from '@aesop/checkpoint'
import { type Alert } from '@aesop/kernel'
import { MemoryEventProducer } from '@aesop/producer'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { get, online, PERSON, streamPath, testContext } from './support/relay-fixture.ts'

const BUFFER_BYTES = 8 * 1024 * 1024
const BYTES_PER_SECOND = 1_000_000
const ROW_BYTES = 5_000
const value = Buffer.alloc(ROW_BYTES)

interface Falling {
  readonly client: string
  readonly scn: string
  readonly fallsOffInSeconds: number
}

/** A registration of the relay's process that was suspended, at the beginning of all. */
const SUSPENDED: ProcessReader = {
  id: 'suspended',
  logicalSources: [PERSON.name],
  readsFrom: () => true,
  isRunning: false,
  checkpointScn: 1n,
  readScn: -1n,
}

/** A relay that is written to at a pace, and what it tells people. */
async function pacedRelay(): Promise<{ relay: Relay; port: number; alerts: Alert[]; write: () => void }> {
  const alerts: Alert[] = []
  const producer = new MemoryEventProducer()
  const relayProperties = { 'databus.relay.container.httpPort': 0, 'databus.relay.eventBuffer.maxSize': BUFFER_BYTES }
  const physicalSourceConfig = { uri: 'memory:test', name: 'shop', sources: [PERSON] }
  const registrations = [new ProducerRegistration({ eventProducer: producer, physicalSourceConfig })]
  const context = { ...testContext(), publish: (alert: Alert) => void alerts.push(alert) }
  ProcessReaders.of(context.shared).add(SUSPENDED)
  const relay = new Relay({ config: new RelayConfig({ relayProperties }), registrations }, context)
  relay.init()
  await relay.start()
  onTestFinished(() => relay.stop())
  const beganMs = performance.now()
  let written = 0
  const write = (): void => {
    const due = (BYTES_PER_SECOND * (performance.now() - beganMs)) / 1000
    for (; written < due; written += ROW_BYTES) producer.addWindow([{ key: 1, value }])
  }
  return { relay, port: relay.address?.port ?? 0, alerts, write }
}

/** Begins to read, takes nothing, and does not go away. */
async function stalls(port: number, path: string): Promise<void> {
  const socket = createConnection(port, '127.0.0.1')
  socket.on('error', () => undefined)
  onTestFinished(() => {
    socket.destroy()
  })
  await once(socket, 'connect')
  socket.pause()
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nx-dbus-client-service: stalls\r\n\r\n`)
}

test('a reader that stalls, one that asks no more, and a registration that was suspended are told of before they fall off, and fall off when it was said', async () => {
  const { relay, port, alerts, write } = await pacedRelay()
  const { buffer } = relay
  if (buffer === undefined) throw new Error('a relay that runs has a buffer')
  write()
  const began = buffer.prevScn
  await stalls(port, streamPath({ sources: 40, checkPoint: online(began), follow: 60_000, size: 1 << 30 }))
  await get(port, streamPath({ sources: 40, checkPoint: online(began), size: 20_000 }), {
    'x-dbus-client-service': 'rests',
  })
  const said = new Map<string, { readonly scn: bigint; readonly atMs: number; readonly fallsMs: number }>()
  const fellMs = new Map<string, number>()
  const gauges: number[] = []
  const falling = (): readonly Falling[] =>
    (relay.describe() as { buffer: { fallsOff: readonly Falling[] } }).buffer.fallsOff
  const untilMs = performance.now() + 45_000
  while (fellMs.size < 3 && performance.now() < untilMs) {
    write()
    await sleep(20)
    const atMs = performance.now()
    for (const { client, scn, fallsOffInSeconds } of falling()) {
      if (!said.has(client)) said.set(client, { scn: BigInt(scn), atMs, fallsMs: atMs + 1000 * fallsOffInSeconds })
    }
    for (const { name, value } of relay.metrics()) {
      if (name === 'aesop_relay_buffer_falls_off_seconds' && typeof value === 'number') gauges.push(value)
    }
    for (const [client, { scn }] of said)
      if (!fellMs.has(client) && buffer.bytesAfter(scn) === undefined) fellMs.set(client, performance.now())
  }
  for (const client of ['stalls', 'rests', 'suspended']) {
    const { atMs = NaN, fallsMs = NaN } = said.get(client) ?? {}
    const leftMs = (fellMs.get(client) ?? NaN) - atMs
    expect(leftMs, client).toBeGreaterThan(500)
    expect(Math.abs(fallsMs - atMs - leftMs), `${client}: ${fallsMs - atMs} ms told, ${leftMs} left`).toBeLessThan(
      1_000 + 0.3 * leftMs,
    )
    const told = alerts.find(({ message }) =>
      message.includes(
        `"${client}" (${client === 'suspended' ? 'this process' : '127.0.0.1'}) falls off the buffer in about`,
      ),
    )
    expect(told?.severity).toBe('warning')
    expect(told?.message).toMatch(/^shop: .* it is told ScnNotFound$/)
  }
  expect(gauges.length).toBeGreaterThan(10)
  expect(Math.max(...gauges)).toBeLessThan(10)
}, 60_000)
