/*
 * Readers that take all there is and look at none of it, in a process of their own: sockets that read into one piece of memory.
 * Argument: one `DrainJob` as JSON. Prints `WARM`, and a `DrainReport` as JSON at the end.
 */
import { connect } from 'node:net'
import { type DrainJob, type DrainReport, WARM } from './drain-job.ts'
import { DrainedAnswers } from './drained-answers.ts'

const READ_BYTES = 256 * 1024

const { port, path, readers, warmRounds, rounds, answerBytes } = JSON.parse(process.argv[2] ?? '{}') as DrainJob
const memory = Buffer.allocUnsafeSlow(READ_BYTES)
const question = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`

/** One reader, until it has had its answers. @returns how many bytes they had */
function drain(count: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let left = count
    let all = 0
    const answers = new DrainedAnswers((bytes) => {
      if (bytes < answerBytes) throw new Error(`an answer of ${bytes} bytes, expected ${answerBytes}`)
      all += bytes
      if (--left > 0) socket.write(question)
      else socket.destroy()
    })
    const take = (length: number): boolean => {
      answers.take(memory.subarray(0, length))
      return true
    }
    const socket = connect({ host: '127.0.0.1', port, onread: { buffer: memory, callback: take } })
    socket.on('connect', () => socket.write(question))
    socket.on('error', reject)
    socket.on('close', () => {
      if (left === 0) resolve(all)
      else reject(new Error(`the connection ended ${left} answers too early`))
    })
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
