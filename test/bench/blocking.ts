import { join } from 'node:path'
import { BlockingBootstrapConfig, BlockingBootstrapServer, BlockingRegistration } from '@aesop/blocking-bootstrap'
import { type EventConsumer } from '@aesop/client'
import { type BeanContext, silentLogger } from '@aesop/kernel'
import { producerOfUri } from '@aesop/physical-sources'
import { type RowDataPacket } from 'mysql2/promise'
import { type MariadbServer } from '../support/mariadb-server.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { type Figure, ratioOf } from './figure.ts'
import { batchWorkload, measuringServer, type Workload } from './workload.ts'

const PARTITIONS = [1, 4]
/** As many as a chunk has at most. */
const PAGE_ROWS = 5000

/** Seconds from the start of a bounded run to its end. */
async function bootstrapped(server: MariadbServer, { table, rows }: Workload, partitions: number): Promise<number> {
  const folder = newFolder('bench-blocking')
  let counted = 0
  const consumer: EventConsumer = {
    onDataEvent: () => {
      counted++
    },
  }
  try {
    const beganMs = performance.now()
    await new Promise<void>((done, failed) => {
      const context = contextOf(folder, failed)
      const physicalSourceConfig = { uri: server.uri(), name: 'bench', sources: [table] }
      const bean = new BlockingBootstrapServer(
        {
          config: new BlockingBootstrapConfig({ numberOfPartitions: partitions, until: 'now', progressMs: 0 }),
          registrations: [new BlockingRegistration({ physicalSourceConfig })],
          consumerFactory: { createConsumer: () => consumer },
          producerFor: async (source) => (await producerOfUri(source.uri)?.load())?.(source, context),
        },
        { ...context, finish: () => void bean.stop().then(done, failed) },
      )
      bean.start().catch(failed)
    })
    if (counted !== rows) throw new Error(`${counted} rows came of ${rows}`)
    return (performance.now() - beganMs) / 1000
  } finally {
    removeFolder(folder)
  }
}

function contextOf(folder: string, fail: (error: Error) => void): BeanContext {
  return {
    id: 'blocking',
    container: 'bench',
    log: silentLogger,
    signal: new AbortController().signal,
    projectsRoot: folder,
    stateDirectory: join(folder, '.aesop'),
    shared: new Map(),
    fail,
  }
}

/** Seconds for the same rows, page by page over one connection. */
async function paged(server: MariadbServer, { table, rows }: Workload): Promise<number> {
  const connection = await server.connect()
  const beganMs = performance.now()
  let counted = 0
  for (let after = 0, isOver = false; !isOver;) {
    const [page] = await connection.query<RowDataPacket[]>(
      `SELECT * FROM ${table} WHERE id > ${after} ORDER BY id LIMIT ${PAGE_ROWS}`,
    )
    counted += page.length
    after = Number(page.at(-1)?.['id'])
    isOver = page.length < PAGE_ROWS
  }
  const seconds = (performance.now() - beganMs) / 1000
  await connection.end()
  if (counted !== rows) throw new Error(`${counted} rows were read of ${rows}`)
  return seconds
}

/** Rows of a table of MariaDB to consumers that count them, and to one that reads pages with mysql2, in turn. */
export async function blockingBootstrap(runs: number): Promise<Figure[]> {
  const server = await measuringServer()
  try {
    const workload = await batchWorkload(server)
    const rates = new Map<string, number[]>()
    const add = (name: string, seconds: number): unknown =>
      rates.set(name, [...(rates.get(name) ?? []), workload.rows / seconds])
    for (let run = 0; run < runs; run++) {
      for (const partitions of PARTITIONS) add(nameOf(partitions), await bootstrapped(server, workload, partitions))
      add('bootstrap.blocking.bare', await paged(server, workload))
    }
    const figure = (name: string): Figure => ({
      name: `${name}.rowsPerSecond`,
      unit: 'rows/s',
      runs: rates.get(name) ?? [],
    })
    const bare = figure('bootstrap.blocking.bare')
    const ratios = PARTITIONS.map((n) => ratioOf(`${nameOf(n)}.ratioToBare`, figure(nameOf(n)), bare))
    return [...PARTITIONS.map((n) => figure(nameOf(n))), bare, ...ratios]
  } finally {
    await server.destroy()
  }
}

function nameOf(partitions: number): string {
  return partitions === 1 ? 'bootstrap.blocking' : `bootstrap.blocking.${partitions}`
}
