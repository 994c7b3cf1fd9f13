import { setTimeout as delay } from 'node:timers/promises'
import { ChangePath } from '../support/change-path.ts'
import { type MariadbServer } from '../support/mariadb-server.ts'
import { type BenchGroup } from './figure.ts'
import { measuringServer } from './workload.ts'

const TRANSACTIONS_PER_SECOND = 1000
const SECONDS = 10
const CONNECTIONS = 8
const DEADLINE_MS = 60_000

/**
 * Commits 1,000 single-row transactions a second. Each row carries the moment before its INSERT was sent, so a latency
 * is the whole way: sending, commit, log, relay, client, callback.
 */
async function write(server: MariadbServer, transactions: number): Promise<void> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => server.connect()))
  const began = performance.now()
  const pending: Promise<unknown>[] = []
  for (let n = 0; n < transactions; n++) {
    const dueMs = began + (n * 1000) / TRANSACTIONS_PER_SECOND - performance.now()
    if (dueMs > 0) await delay(dueMs)
    const connection = connections[n % CONNECTIONS]
    pending.push(
      connection?.query(`INSERT INTO bench.latency (sent) VALUES (${process.hrtime.bigint()})`) ?? Promise.resolve(),
    )
  }
  await Promise.all(pending)
  await Promise.all(connections.map((connection) => connection.end()))
}

async function latenciesMs(server: MariadbServer): Promise<number[]> {
  await server.query(
    'CREATE OR REPLACE TABLE bench.latency (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, sent BIGINT)',
  )
  await using path = await ChangePath.create({
    uri: server.uri(),
    sources: ['bench.latency'],
    consumer: 'LatencyFactory',
    startFrom: 'latest',
  })
  const transactions = TRANSACTIONS_PER_SECOND * SECONDS
  process.env['COUNT_UNTIL'] = String(transactions)
  await path.startRelay()
  await path.startClient()
  await write(server, transactions)
  const [line] = (await path.client?.untilOutput((lines) => lines.length > 0, DEADLINE_MS)) ?? []
  return (JSON.parse(line ?? '[]') as number[]).sort((a, b) => a - b)
}

/** At 1,000 transactions a second, relay and client as processes of their own beside the server. */
export const latency: BenchGroup = {
  prefix: 'latency',
  async measure(_wants, runs) {
    const server = await measuringServer()
    const p50: number[] = []
    const p99: number[] = []
    try {
      for (let i = 0; i < runs; i++) {
        const sorted = await latenciesMs(server)
        p50.push(sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN)
        p99.push(sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN)
      }
    } finally {
      await server.destroy()
    }
    return [
      { name: 'latency.p50Ms', unit: 'ms', runs: p50 },
      { name: 'latency.p99Ms', unit: 'ms', runs: p99 },
    ]
  },
}
