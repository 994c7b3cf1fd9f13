import { type BinlogDecoder } from '../decoder/binlog-decoder.ts'
import { type BinlogOrigin, NO_LARGE_LOGS, type SettledPoint } from './binlog-origin.ts'
import { type BinlogHandler } from '../log/binlog-stream.ts'
import { MysqlLogResetError } from '../error/live-errors.ts'
import { type GateFinding, type GatePlace, ResumeGate } from '../place/resume-gate.ts'

const LOG_START = 4

/**
 * Reads a log from its beginning up to a place, without its rows: which event ends there, and how many transactions ended
 * beyond 4 GiB before. A place without a position is where so many have ended. Takes as long as the server takes to send that part of its log.
 *
 * @throws MysqlLogResetError when no event ends there; AesopError of the connection
 */
export async function examineLog(
  origin: BinlogOrigin,
  at: Pick<GatePlace, 'file' | 'position' | 'ended'>,
): Promise<GateFinding> {
  const nobody: BinlogHandler = { onEvent: () => undefined, onRotate: () => undefined }
  const stream = origin.stream(beginningOf(at.file))
  try {
    return await new Promise<GateFinding>((resolve, reject) => {
      // A stream that can begin nowhere but at the beginning.
      const gate = new ResumeGate({ ...origin.gateFacts, place: at, seekMax: -1, handler: nobody, onOpen: resolve })
      stream.open(gate.begin, gate, reject).catch(reject)
    })
  } finally {
    await stream.close()
  }
}

/** The place before an event. */
export interface EventPlace {
  readonly position: number
  readonly ended: number
}

/**
 * Reads a log from its beginning up to an event, which is given with all its bytes.
 *
 * @throws MysqlLogResetError when the log does not have it; AesopError of the connection
 */
export async function findEvent(origin: BinlogOrigin, file: string, wanted: Buffer): Promise<EventPlace> {
  const stream = origin.stream(beginningOf(file))
  const { newCounter, server } = origin.gateFacts
  try {
    return await new Promise<EventPlace>((resolve, reject) => {
      const missing = (): void => {
        reject(new MysqlLogResetError(server, `an event of ${file} that the server sent,`, 'no such event'))
      }
      const handler = new EventSearch(file, wanted, newCounter(), resolve, missing)
      stream.open({ file, position: LOG_START }, handler, reject).catch(reject)
    })
  } finally {
    await stream.close()
  }
}

class EventSearch implements BinlogHandler {
  readonly #file: string
  readonly #wanted: Buffer
  readonly #counter: BinlogDecoder
  readonly #found: (place: EventPlace) => void
  readonly #missing: () => void

  constructor(
    file: string,
    wanted: Buffer,
    counter: BinlogDecoder,
    found: (place: EventPlace) => void,
    missing: () => void,
  ) {
    this.#file = file
    this.#wanted = wanted
    this.#counter = counter
    this.#found = found
    this.#missing = missing
  }

  onRotate(file: string, position: number): void {
    if (file === this.#file) this.#counter.onRotate(file, position)
    else this.#missing()
  }

  onEvent(bytes: Buffer, offset: number, end: number): undefined {
    const { position, ended } = this.#counter.cursor
    if (this.#wanted.equals(bytes.subarray(offset, end))) this.#found({ position, ended })
    void this.#counter.onEvent(bytes, offset, end)
  }

  onCaughtUp(): void {
    this.#missing()
  }
}

function beginningOf(file: string): SettledPoint {
  const place = { scn: -1n, file, position: LOG_START, gtid: undefined, serverIdentity: undefined, generation: 0 }
  return { ...place, byGtid: false, largeLogs: NO_LARGE_LOGS, flavour: undefined, describesTables: true }
}
