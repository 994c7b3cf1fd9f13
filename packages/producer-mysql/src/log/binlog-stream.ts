/** A place in the binary log: the end of one event and the beginning of the next. */
export interface BinlogPosition {
  /** `mysql-bin.000003` */
  readonly file: string
  readonly position: number
}

/**
 * Takes the events of a stream, in order. The bytes are valid until the call has returned, or the promise that it gave back
 * has settled: then the stream reuses them.
 */
export interface BinlogHandler {
  /**
   * One event: header (19 bytes) and body in `bytes` from `offset` to `end`; its checksum has been verified and cut off.
   * A promise that comes back holds the stream until it resolves; it is the rare case.
   */
  onEvent(bytes: Buffer, offset: number, end: number): Promise<void> | undefined
  /**
   * The stream goes on in this file; also called once at the beginning, and for artificial rotate events. `ended`, where it is
   * known: transactions of the file that ended beyond 4 GiB − 1 MiB before the position.
   */
  onRotate(file: string, position: number, ended?: number): void
  /** Everything that is there has been delivered; called each time a stream reaches the end and waits. */
  onCaughtUp?(): void
}

/**
 * Raw binary log events in order: live from a server, or from files. `open` resolves when the stream is established,
 * and events come from then on, until `close`. A stream that breaks by itself calls `onBroken` once and delivers no
 * more; the owner opens a new one at the last position that it knows to be complete.
 */
export interface BinlogStream {
  open(from: BinlogPosition, handler: BinlogHandler, onBroken: (error: Error) => void): Promise<void>
  pause(): void
  resume(): void
  /** Resolves when no event will be delivered any more; twice is harmless. */
  close(): Promise<void>
}
