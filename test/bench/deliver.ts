import { type BenchGroup, type Figure } from './figure.ts'
import { compareShapes, deliverOnce } from './one-process.ts'
import { batchWorkload, measuringServer, singleWorkload } from './workload.ts'

/** So many that the second in which a cold process warms up, which one process does while it is measured, is a small part. */
const SINGLE_ROWS = 1_000_000

/** The client is started first and waits; relay and server work while it reads, so all share the machine. */
export const deliver: BenchGroup = {
  prefix: 'deliver',
  async measure(wants, runs) {
    const server = await measuringServer()
    const figures: Figure[] = []
    try {
      const uri = server.uri()
      if (wants('deliver.eventsPerSecond') || wants('deliver.batch.oneProcess.ratio')) {
        const workload = await batchWorkload(server)
        if (wants('deliver.eventsPerSecond')) {
          const rates: number[] = []
          for (let i = 0; i < runs; i++) rates.push(await deliverOnce(uri, workload, 'twoProcesses'))
          figures.push({ name: 'deliver.eventsPerSecond', unit: 'events/s', runs: rates })
        }
        if (wants('deliver.batch.oneProcess.ratio'))
          figures.push(...(await compareShapes(uri, 'batch', workload, runs)))
      }
      if (wants('deliver.single.oneProcess.ratio'))
        figures.push(...(await compareShapes(uri, 'single', await singleWorkload(server, SINGLE_ROWS), runs)))
      return figures
    } finally {
      await server.destroy()
    }
  },
}
