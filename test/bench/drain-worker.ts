/*
 * Readers that take all there is and look at none of it, in a process of their own.
 * Argument: one `DrainJob` as JSON. Prints `WARM`, and a `DrainReport` as JSON at the end.
 */
import { type DrainJob, type DrainReport, WARM } from './drain-job.ts'
import { StreamConnection } from './stream-connection.ts'

const { port, path, readers, warmRounds, rounds, answerBytes } = JSON.parse(process.argv[2] ?? '{}') as DrainJob

/** One reader, until it has had its answers. @returns how many bytes they had */
function drain(count: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let left = count
    let bytes = 0
    let all = 0
    const failed = (fault: string): void => {
      reject(new Error(`${left} of ${count} answers did not come: ${fault}`))
    }
    const connection = new StreamConnection(port, {
      body: (_memory, from, to) => {
        bytes += to - from
      },
      ended: (error) => {
        if (error !== undefined) throw new Error(`a stream was cut short: ${error}`)
        if (bytes < answerBytes) throw new Error(`an answer of ${bytes} bytes, expected ${answerBytes}`)
        all += bytes
        bytes = 0
        if (--left > 0) connection.ask(path)
        else {
          connection.close()
          resolve(all)
        }
      },
      wantsMore: () => true,
      failed,
    })
    connection.ask(path)
  })
}

await drain(warmRounds)
process.stdout.write(`${WARM}\n`)
const [beganMs, beganCpu] = [performance.now(), process.cpuUsage()]
const drained = await Promise.all(Array.from({ length: readers }, () => drain(rounds)))
const { user, system } = process.cpuUsage(beganCpu)
const report: DrainReport = {
  bytes: drained.reduce((sum, bytes) => sum + bytes, 0),
  seconds: (performance.now() - beganMs) / 1000,
  cpuSeconds: (user + system) / 1e6,
}
process.stdout.write(`${JSON.stringify(report)}\n`)
