import { fileReserve } from '@aesop/kernel'

/** How much of everything a server has at a time. */
export interface ServerLimits {
  readonly connections: number
  readonly streams: number
  /** Bytes that wait in all connections. */
  readonly pendingBytes: number
  /** A connection whose descriptor has this number or a higher one is one too many; Infinity: nobody knows. */
  readonly descriptors: number
  readonly settings: LimitSettings
}

/** What bounds each of them is called in configuration: for messages. */
export interface LimitSettings {
  readonly connections: string
  readonly streams: string
  readonly pendingBytes: string
}

/** What was asked for; undefined: the default. */
export interface WantedLimits {
  readonly maxConnections: number | undefined
  readonly maxStreams: number | undefined
  readonly maxPendingBytes: number
}

const CONNECTIONS_DEFAULT = 4096
const STREAMS_DEFAULT = 1000

/**
 * @param openFilesMax the limit of open files of the process; undefined: nobody knows
 * @returns the limits, and a note where what was asked for is more than the process can have
 */
export function serverLimits(
  wanted: WantedLimits,
  openFilesMax: number | undefined,
  settings: LimitSettings,
): { readonly limits: ServerLimits; readonly note: string | undefined } {
  const descriptors = openFilesMax === undefined ? Infinity : openFilesMax - fileReserve(openFilesMax)
  const asked = wanted.maxConnections ?? CONNECTIONS_DEFAULT
  const connections = Math.min(asked, descriptors)
  const streams = Math.min(
    wanted.maxStreams ?? Math.min(STREAMS_DEFAULT, Math.ceil((connections * 3) / 4)),
    connections,
  )
  const note =
    wanted.maxConnections !== undefined && connections < asked
      ? `${settings.connections} is ${asked}, but the process may open ${String(openFilesMax)} files and keeps ${fileReserve(openFilesMax ?? 0)} of them for others: ${connections} connections (raise ulimit -n)`
      : undefined
  return { limits: { connections, streams, pendingBytes: wanted.maxPendingBytes, descriptors, settings }, note }
}
