import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { ChangePath } from './change-path.ts'
import { FaultProxy } from './fault-proxy.ts'
import { type PrivateServer } from './private-server.ts'
import { RandomWriter } from './random-writer.ts'
import { sayingSeed } from './seed.ts'
import { SeededDraw } from './seeded-draw.ts'
import { type ServerKind } from './server-history.ts'
import { until } from './until.ts'
import { readWindowLog } from './window-log.ts'

const CATCH_UP_MS = 60_000

/** What a schedule works on. */
interface Scene {
  readonly server: PrivateServer
  readonly path: ChangePath
  /** Between relay and server. */
  readonly database: FaultProxy
  /** Between client and relay. */
  readonly stream: FaultProxy
}

type Fault = (scene: Scene, draw: SeededDraw) => unknown

/** By name, so that a report says what was done. */
const FAULTS: Readonly<Record<string, Fault>> = {
  killRelay: async ({ path }) => {
    await path.stopRelay('SIGKILL')
    await path.startRelay()
  },
  killClient: async ({ path }) => {
    await path.stopClient('SIGKILL')
    await path.startClient()
  },
  restartRelay: async ({ path }) => {
    expect(await path.stopRelay('SIGTERM')).toBe(0)
    await path.startRelay()
  },
  restartClient: async ({ path }) => {
    expect(await path.stopClient('SIGTERM')).toBe(0)
    await path.startClient()
  },
  killServer: async ({ server }) => {
    await server.kill()
    await server.restart()
  },
  cutDatabase: ({ database }) => {
    database.cut()
  },
  cutStream: ({ stream }) => {
    stream.cut()
  },
  stallStream: ({ stream }) => {
    stream.stall()
  },
  refuseDatabase: async ({ database }, draw) => {
    database.refuse()
    database.cut()
    await delay(draw.below(500))
    database.heal()
  },
  refuseStream: async ({ stream }, draw) => {
    stream.refuse()
    stream.cut()
    await delay(draw.below(500))
    stream.heal()
  },
  delayStream: async ({ stream }, draw) => {
    stream.delay(draw.below(50))
    await delay(300)
    stream.heal()
  },
  rotateLog: async ({ server }) => {
    await server.query('FLUSH BINARY LOGS')
  },
  killDumpThread: async ({ server }) => {
    await server.killDumpThreads()
  },
}
const NAMES = Object.keys(FAULTS) as [string, ...string[]]

export interface ScheduleResult {
  readonly seed: number
  readonly faults: readonly string[]
  readonly transactions: number
  readonly windows: number
}

/**
 * Writes for `forMs` while faults come in an order that the seed draws; then lets everything be well and holds what the
 * consumer was given against what was committed: nothing missing, nothing else, in order, the final state as SELECT gives it.
 */
export async function runFaultSchedule(kind: ServerKind, seed: number, forMs: number): Promise<ScheduleResult> {
  const draw = new SeededDraw(seed)
  const server = await kind.start()
  const database = await FaultProxy.start(server.port)
  try {
    await RandomWriter.makeTables(server)
    const stream = await FaultProxy.start(0)
    await using path = await ChangePath.create({
      uri: server.uri(database.port),
      sources: ['ledger.entry'],
      consumer: 'WindowFactory',
      relayPortForClient: stream.port,
      clientProperties: ['databus.client.connectionDefaults.pullerRetries.initSleep: 50'],
    })
    stream.retarget(path.relayPort)
    try {
      return await sayingSeed(seed, () => run({ server, path, database, stream }, draw, forMs))
    } finally {
      await stream.close()
    }
  } finally {
    await database.close()
    await server.destroy()
  }
}

async function run(scene: Scene, draw: SeededDraw, forMs: number): Promise<ScheduleResult> {
  await scene.path.startRelay()
  await scene.path.startClient()
  const writer = new RandomWriter(scene.server, new SeededDraw(draw.seed + 1))
  const writing = writer.run()
  const faults: string[] = []
  for (const endMs = performance.now() + forMs; performance.now() < endMs;) {
    await delay(draw.below(1000))
    const name = draw.of(NAMES)
    faults.push(name)
    await FAULTS[name]?.(scene, draw)
  }
  writer.stop()
  await writing
  await compare(scene, writer)
  const { windows } = readWindowLog(scene.path.lines)
  return { seed: draw.seed, faults, transactions: writer.committed.length, windows: windows.size }
}

async function compare({ server, path }: Scene, writer: RandomWriter): Promise<void> {
  const expected = writer.committed.map((changes) => changes.join())
  const seen = (): string[] => [...readWindowLog(path.lines).windows.values()].map((changes) => changes.join())
  await until(`all of ${expected.length} windows`, () => seen().length >= expected.length, CATCH_UP_MS)
  const log = readWindowLog(path.lines)
  expect(log.faults).toEqual([])
  expect(seen()).toEqual(expected)
  const table = await server.query<{ id: number; v: number }>('SELECT id, v FROM ledger.entry ORDER BY id')
  expect([...log.state].sort(([a], [b]) => a - b)).toEqual(table.map(({ id, v }) => [id, v]))
}
