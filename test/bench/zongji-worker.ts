/*
 * The rival: @vlasky/zongji as shipped, its rows counted. Argument and output as of ingest-worker.
 */
import ZongJi from '@vlasky/zongji'
import { SERVER_PASSWORD } from '../support/markers.ts'

interface Job {
  readonly port: number
  readonly rows: number
  readonly file: string
  readonly position: number
}

const job = JSON.parse(process.argv[2] ?? '{}') as Job
const zongji = new ZongJi({
  host: '127.0.0.1',
  port: job.port,
  user: 'aesop',
  password: SERVER_PASSWORD,
  dateStrings: true,
})
let rows = 0
let began = 0
const done = new Promise<number>((resolve, reject) => {
  zongji.on('binlog', (event: unknown) => {
    if (began === 0) began = performance.now()
    rows += (event as { rows?: unknown[] }).rows?.length ?? 0
    if (rows >= job.rows) resolve(performance.now())
  })
  zongji.on('error', reject)
})
zongji.start({
  serverId: 4242,
  filename: job.file,
  position: job.position,
  includeEvents: ['tablemap', 'writerows', 'updaterows', 'deleterows'],
  includeSchema: { bench: true },
})
const seconds = ((await done) - began) / 1000
const rssMb = process.resourceUsage().maxRSS / 1024
process.stdout.write(`${JSON.stringify({ seconds, rssMb })}\n`)
process.exit(0)
