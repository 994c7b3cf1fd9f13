import { closeSync, type FSWatcher, fstatSync, openSync, readSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { sleep } from '@aesop/kernel'
import { EVENT_HEADER_BYTES, MySQLConstants } from '../log/binlog-event.ts'
import { BINLOG_MAGIC, BinlogFile, type EventPlace } from '../log/binlog-file.ts'
import { BinlogIndex } from '../log/binlog-index.ts'
import { type BinlogHandler, type BinlogPosition, type BinlogStream } from '../log/binlog-stream.ts'
import { BinlogEventCorruptError, BinlogFileError, binlogFileFault, BinlogFileReplacedError } from '../error/errors.ts'

export interface FileBinlogStreamOptions {
  /** Path of the index file; the logs that it lists are looked for beside it. */
  readonly indexPath: string
  /** How often the end is looked at where the file system gives no notice; default 1000. */
  readonly pollMs?: number
}

/**
 * Events from log files: from a position on, through all files of the index, and then, like `tail -f`, whatever is
 * written later. An event that is there in part is waited for.
 */
export class FileBinlogStream implements BinlogStream {
  private readonly index: BinlogIndex
  private readonly pollMs: number
  private readonly closing = new AbortController()
  private running: Promise<void> = Promise.resolve()
  private paused: { promise: Promise<void>; resume: () => void } | undefined
  private wake: () => void = () => undefined

  constructor(options: FileBinlogStreamOptions) {
    this.index = new BinlogIndex(options.indexPath)
    this.pollMs = options.pollMs ?? 1000
  }

  /** The first log of the index, at its beginning. @throws BinlogFileError */
  earliest(): BinlogPosition {
    const [file] = this.index.files()
    if (file === undefined) throw new BinlogFileError(this.index.path, 'the index lists no log')
    return { file, position: BINLOG_MAGIC.length }
  }

  /** The end of the last whole event of the last log, before the one that ends the log. @throws BinlogFileError */
  latest(): BinlogPosition {
    const file = this.index.files().at(-1)
    if (file === undefined) throw new BinlogFileError(this.index.path, 'the index lists no log')
    return { file, position: endOfLog(this.index.pathOf(file)) }
  }

  async open(from: BinlogPosition, handler: BinlogHandler, onBroken: (error: Error) => void): Promise<void> {
    this.index.after(from.file)
    const file = await BinlogFile.open(this.index.pathOf(from.file))
    this.running = this.run(file, from, handler).catch((error: unknown) => {
      onBroken(error instanceof Error ? error : new Error(String(error)))
    })
  }

  pause(): void {
    if (this.paused !== undefined) return
    let resume = (): void => undefined
    const promise = new Promise<void>((resolve) => (resume = resolve))
    this.paused = { promise, resume }
  }

  resume(): void {
    this.paused?.resume()
    this.paused = undefined
  }

  async close(): Promise<void> {
    this.closing.abort()
    this.resume()
    this.wake()
    await this.running
  }

  private async run(first: BinlogFile, from: BinlogPosition, handler: BinlogHandler): Promise<void> {
    const watcher = this.watchFolder()
    let file = first
    let position = from
    try {
      for (;;) {
        handler.onRotate(position.file, position.position)
        await this.readFile(file, position, handler)
        const next = this.stopped() ? undefined : await this.still(file, () => this.index.after(position.file))
        if (next === undefined) return
        const opened = await this.still(file, () => BinlogFile.open(this.index.pathOf(next)))
        await file.close()
        file = opened
        position = { file: next, position: BINLOG_MAGIC.length }
      }
    } finally {
      watcher?.close()
      await file.close()
    }
  }

  /** Notices of the file system save waiting; where there are none, or no more to be had, the poll finds what is new. */
  private watchFolder(): FSWatcher | undefined {
    try {
      const watcher = watch(dirname(this.index.path), () => {
        this.wake()
      })
      return watcher.on('error', () => {
        watcher.close()
      })
    } catch {
      return undefined
    }
  }

  private stopped(): boolean {
    return this.closing.signal.aborted
  }

  /** Delivers one file, until it is complete and the index goes on after it, or the stream is closed. */
  private async readFile(file: BinlogFile, from: BinlogPosition, handler: BinlogHandler): Promise<void> {
    let begun = false
    while (!this.stopped()) {
      begun ||= await this.begin(file, from, handler)
      if (begun) await this.deliver(file, handler)
      if (this.stopped()) return
      if (await file.isReplaced()) throw await this.replaced(file)
      const next = await this.still(file, () => this.index.after(from.file))
      // Looked at once more: the server writes the end of a log before it lists the next one.
      if (await file.fill()) continue
      if (next !== undefined) {
        this.checkEnd(file)
        return
      }
      handler.onCaughtUp?.()
      await this.newBytes()
    }
  }

  /** The index and the folder, while they are read: what they have no more is being changed, and this stream is over. */
  private async still<T>(file: BinlogFile, look: () => T | Promise<T>): Promise<T> {
    try {
      return await look()
    } catch (error) {
      throw error instanceof BinlogFileError ? await this.replaced(file) : error
    }
  }

  /** Whoever opens the log again finds it as it will be. */
  private async replaced({ path, position }: BinlogFile): Promise<BinlogFileReplacedError> {
    await this.index.settled(this.closing.signal)
    return new BinlogFileReplacedError(path, position)
  }

  /** The magic and the description come first, wherever reading begins; false while they are not there. */
  private async begin(file: BinlogFile, from: BinlogPosition, handler: BinlogHandler): Promise<boolean> {
    if (file.position === 0 && !(await file.readMagic())) return false
    if (file.position === BINLOG_MAGIC.length && from.position > BINLOG_MAGIC.length) {
      const description = await nextOf(file)
      if (description === undefined) return false
      await handler.onEvent(file.bytes, description.offset, description.end)
      // An encrypted log says so here, and is refused; its other events would only look damaged.
      await nextOf(file)
      file.seek(from.position)
      handler.onRotate(from.file, from.position)
    }
    return true
  }

  private async deliver(file: BinlogFile, handler: BinlogHandler): Promise<void> {
    do {
      for (let event = file.next(); event !== undefined; event = file.next()) {
        const held = handler.onEvent(file.bytes, event.offset, event.end)
        if (held !== undefined) await held
        if (this.paused !== undefined) await this.paused.promise
        if (this.stopped()) return
      }
    } while (await file.fill())
  }

  /** A torn event at the end of a log that is not the last: only a server that died may leave one. */
  private checkEnd(file: BinlogFile): void {
    if (file.pendingBytes === 0 || file.inUse) return
    throw new BinlogEventCorruptError(
      `the log ends after ${file.pendingBytes} bytes of it, and another log follows`,
      `at ${file.path}:${file.position}`,
    )
  }

  private async newBytes(): Promise<void> {
    const woken = new AbortController()
    this.wake = () => {
      woken.abort()
    }
    if (!this.stopped()) await sleep(this.pollMs, woken.signal)
  }
}

/** The next event that the file holds by now. */
async function nextOf(file: BinlogFile): Promise<EventPlace | undefined> {
  let event = file.next()
  while (event === undefined && (await file.fill())) event = file.next()
  return event
}

/**
 * Walks over the headers, because a log may end in an event that is still being written. A rotate event is no place to go
 * on from: nothing follows it in its file, and the next file may not be there yet.
 */
function endOfLog(path: string): number {
  const header = Buffer.alloc(EVENT_HEADER_BYTES)
  let handle: number
  try {
    handle = openSync(path, 'r')
  } catch (error) {
    throw binlogFileFault(path, 'the log can not be opened', error)
  }
  try {
    const size = fstatSync(handle).size
    let position = BINLOG_MAGIC.length
    while (readSync(handle, header, 0, EVENT_HEADER_BYTES, position) === EVENT_HEADER_BYTES) {
      const next = position + header.readUInt32LE(9)
      if (next > size || next < position + EVENT_HEADER_BYTES || header[4] === MySQLConstants.ROTATE_EVENT) break
      position = next
    }
    return position
  } finally {
    closeSync(handle)
  }
}
