import { sleep } from '@aesop/kernel'
import { ANSWER_BYTES_MAX } from '../server/packet-bound.ts'
import { connectToServer, type DatabaseServer } from '../server/server-connection.ts'

const DEADLINE_MS = 1000

/**
 * Ends the server's side of a dump whose connection was closed here: by itself the server notices at its next heartbeat
 * only, and keeps the log files until then. Gives up after a second and never throws, because nothing depends on it.
 */
export async function endDumpThread(server: DatabaseServer, threadId: number): Promise<void> {
  const over = new AbortController()
  await Promise.race([kill(server, threadId).catch(() => undefined), sleep(DEADLINE_MS, over.signal)])
  over.abort()
}

async function kill(server: DatabaseServer, threadId: number): Promise<void> {
  const limits = { timeoutMs: DEADLINE_MS, packetBytesMax: ANSWER_BYTES_MAX }
  const connection = (await connectToServer(server, limits)).promise()
  connection.on('error', () => undefined)
  try {
    await connection.query(`KILL ${threadId}`)
  } finally {
    connection.destroy()
  }
}
