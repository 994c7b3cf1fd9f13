import mysql from 'mysql2/promise'
import { sleep } from '@aesop/kernel'
import { type TlsOptions } from './tls-settings.ts'

const DEADLINE_MS = 1000

export interface DumpThreadServer {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly ssl?: TlsOptions
}

/**
 * Ends the server's side of a dump whose connection was closed here: by itself the server notices at its next heartbeat
 * only, and keeps the log files until then. Gives up after a second and never throws, because nothing depends on it.
 */
export async function endDumpThread(server: DumpThreadServer, threadId: number): Promise<void> {
  const over = new AbortController()
  await Promise.race([kill(server, threadId).catch(() => undefined), sleep(DEADLINE_MS, over.signal)])
  over.abort()
}

async function kill(server: DumpThreadServer, threadId: number): Promise<void> {
  const { host, port, user, password, ssl } = server
  const encryption = ssl === undefined ? {} : { ssl }
  const account = { host, port, user, password, ...encryption }
  const connection = await mysql.createConnection({ ...account, connectTimeout: DEADLINE_MS })
  connection.on('error', () => undefined)
  try {
    await connection.query(`KILL ${threadId}`)
  } finally {
    connection.destroy()
  }
}
