import { type Logger, messageOf } from '@aesop/kernel'
import { fileNumberOf } from '../log/binlog-scn.ts'
import { type BinlogPosition } from '../log/binlog-stream.ts'
import { type LogNow } from './server-facts.ts'

/** What was known of a server's log before a connection to it was made. */
export interface KnownLog {
  readonly identity: string
  readonly resets: number
  /** Name of the log that was the last one. */
  readonly lastLog: string
}

export interface LogWatchOptions {
  /** Asks the server. @throws AesopError */
  readonly now: () => Promise<LogNow>
  readonly log: Pick<Logger, 'warn'>
  /** When a log file was begun, in seconds since 1970, as the server reads it now. */
  readonly begunSeconds: (file: string) => Promise<number>
}

/** Positions may have their low 32 bits only. */
const POSITION_MODULUS = 0x100000000

/**
 * What a server says of its log, compared with a connection that brings it and is quiet. It outlives connections: what made one
 * be broken, and is the same at the next, breaks none any more.
 *
 * Contract: test/log-watch.test.ts.
 */
export class LogWatch {
  readonly #options: LogWatchOptions
  #known: KnownLog | undefined
  /** Place and contradiction that a connection was broken for. */
  #broken: string | undefined

  constructor(options: LogWatchOptions) {
    this.#options = options
  }

  /** Connections that are made from now on belong to a log that is this one. */
  settled(known: KnownLog): void {
    this.#known = known
  }

  /**
   * Whether the server ends this log, in its life, only by naming the next one in it: it was the last one when it was asked. One
   * of before may lack that, where a server was killed.
   */
  endsByName(file: string): boolean {
    return this.#known !== undefined && fileNumberOf(file) >= fileNumberOf(this.#known.lastLog)
  }

  /**
   * What contradicts that the server's log ends at the place of a connection, for people; undefined: nothing.
   *
   * @param begunSeconds of the log file, as the connection has brought it
   * @throws AesopError when the server does not answer, and the log has told so
   */
  async contradiction(place: BinlogPosition, begunSeconds: number): Promise<string | undefined> {
    const known = this.#known
    if (known === undefined) return undefined
    try {
      const now = await this.#options.now()
      return this.#unlessKnown(
        place,
        contradictionIn(known, now, place) ?? (await this.#replaced(now, place, begunSeconds)),
      )
    } catch (error) {
      this.#options.log.warn(
        `whether the log goes on elsewhere is not known while it is quiet: ${messageOf(error)}`,
        {},
      )
      throw error
    }
  }

  /** A connection is broken for this. */
  broke(place: BinlogPosition, found: string): void {
    this.#broken = textOf(place, found)
  }

  /** A log that was reset may have come to the same place again; other things are reset, too. */
  async #replaced(now: LogNow, { file }: BinlogPosition, begunSeconds: number): Promise<string | undefined> {
    if (this.#known === undefined || now.resets === this.#known.resets) return undefined
    const found = await this.#options.begunSeconds(file)
    if (found !== begunSeconds) return `its ${file} was begun ${timeOf(found)}, not ${timeOf(begunSeconds)}`
    this.#known = { ...this.#known, resets: now.resets }
    return undefined
  }

  #unlessKnown(place: BinlogPosition, found: string | undefined): string | undefined {
    if (found === undefined || textOf(place, found) !== this.#broken) return found
    this.#options.log.warn(`a new connection brings nothing either: it stands at ${textOf(place, found)}`, {})
    return undefined
  }
}

function contradictionIn({ identity }: KnownLog, now: LogNow, { file, position }: BinlogPosition): string | undefined {
  if (now.identity !== identity) return `the server ${now.identity} answers, not ${identity}`
  if (now.end === undefined) return 'it writes no log'
  const isThere = now.end.file === file && (now.end.position - position) % POSITION_MODULUS === 0
  return isThere ? undefined : `its log ends at ${now.end.file}:${now.end.position}`
}

function textOf({ file, position }: BinlogPosition, found: string): string {
  return `${file}:${position}, but ${found}`
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
