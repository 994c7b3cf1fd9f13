import { readFileSync } from 'node:fs'
import { type Socket } from 'node:net'

/** Of the descriptors that a process may have, an eighth is left to database, files and listeners: within these bounds. */
const RESERVE_MIN = 32
const RESERVE_MAX = 256

/** How many files this process may have open, where the system tells (Linux); Node has raised it as far as it may. */
export function openFilesMax(limitsFile = '/proc/self/limits'): number | undefined {
  const text = readOrNothing(limitsFile)
  const soft = /^Max open files\s+(\d+)/m.exec(text ?? '')?.[1]
  return soft === undefined ? undefined : Number(soft)
}

/** How many of so many files servers leave to the rest of the process. */
export function fileReserve(openFiles: number): number {
  const eighth = Math.ceil(openFiles / 8)
  return Math.min(Math.max(eighth, RESERVE_MIN), RESERVE_MAX, openFiles - 1)
}

/**
 * The number of a socket's descriptor. The lowest free one is what a new descriptor gets: it tells how many the whole process
 * has. Node tells it of the handle below a socket; −1 where it does not.
 */
export function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle')
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  return typeof fd === 'number' ? fd : -1
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // A system that hides its limits is one that does not tell them.
    return undefined
  }
}
