import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { runFolder } from './run-folder.ts'

/** Below the ports that the system gives to outgoing connections: a server that is down keeps its own. */
const FIRST = 10_000
const COUNT = 20_000

/** A port that nobody listens on and that no other test of the run is given, in this process or another. */
export async function freePort(): Promise<number> {
  for (let i = 0, port = randomPort(); i < COUNT; i++, port = nextPort(port)) {
    if (claims(port) && (await canListen(port))) return port
  }
  throw new Error(`none of the ports from ${FIRST} to ${FIRST + COUNT - 1} is free`)
}

function randomPort(): number {
  return FIRST + Math.floor(Math.random() * COUNT)
}

function nextPort(port: number): number {
  return port + 1 < FIRST + COUNT ? port + 1 : FIRST
}

/** Made by one process only; outside of a run nobody else asks. */
function claims(port: number): boolean {
  const folder = runFolder()
  if (folder === undefined) return true
  const ports = join(folder, 'ports')
  mkdirSync(ports, { recursive: true })
  try {
    mkdirSync(join(ports, String(port)))
    return true
  } catch {
    return false
  }
}

async function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => {
      resolve(false)
    })
    probe.listen(port, '127.0.0.1', () => {
      probe.close(() => {
        resolve(true)
      })
    })
  })
}
