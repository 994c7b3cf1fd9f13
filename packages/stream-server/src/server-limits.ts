import { readFileSync } from 'node:fs'

/** How much of everything a relay has at a time. */
export interface RelayLimits {
  readonly connections: number
  readonly streams: number
  /** Bytes that wait in all connections. */
  readonly pendingBytes: number
  /** A connection whose descriptor has this number or a higher one is one too many; Infinity: nobody knows. */
  readonly descriptors: number
}

/** What was asked for; undefined: the default. */
export interface WantedLimits {
  readonly maxConnections: number | undefined
  readonly maxStreams: number | undefined
  readonly maxPendingBytes: number
}

const CONNECTIONS_DEFAULT = 4096
const STREAMS_DEFAULT = 1000
/** Of the descriptors that a process may have, an eighth is left to database, files and listeners: within these bounds. */
const RESERVE_MIN = 32
const RESERVE_MAX = 256

/**
 * @param openFilesMax the limit of open files of the process; undefined: nobody knows
 * @returns the limits, and a note where what was asked for is more than the process can have
 */
export function relayLimits(
  wanted: WantedLimits,
  openFilesMax: number | undefined,
): { readonly limits: RelayLimits; readonly note: string | undefined } {
  const descriptors = openFilesMax === undefined ? Infinity : openFilesMax - reserveOf(openFilesMax)
  const asked = wanted.maxConnections ?? CONNECTIONS_DEFAULT
  const connections = Math.min(asked, descriptors)
  const streams = Math.min(
    wanted.maxStreams ?? Math.min(STREAMS_DEFAULT, Math.ceil((connections * 3) / 4)),
    connections,
  )
  const note =
    wanted.maxConnections !== undefined && connections < asked
      ? `databus.relay.container.maxConnections is ${asked}, but the process may open ${String(openFilesMax)} files and keeps ${reserveOf(openFilesMax ?? 0)} of them for others: ${connections} connections (raise ulimit -n)`
      : undefined
  return { limits: { connections, streams, pendingBytes: wanted.maxPendingBytes, descriptors }, note }
}

function reserveOf(openFilesMax: number): number {
  const eighth = Math.ceil(openFilesMax / 8)
  return Math.min(Math.max(eighth, RESERVE_MIN), RESERVE_MAX, openFilesMax - 1)
}

/** How many files this process may have open, where the system tells (Linux); Node has raised it as far as it may. */
export function openFilesMax(limitsFile = '/proc/self/limits'): number | undefined {
  const text = readOrNothing(limitsFile)
  const soft = /^Max open files\s+(\d+)/m.exec(text ?? '')?.[1]
  return soft === undefined ? undefined : Number(soft)
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // A system that hides its limits is one that does not tell them.
    return undefined
  }
}
