import { setTimeout as delay } from 'node:timers/promises'
import { SnapshotBehindError } from '@aesop/producer'
import { comparePlaces, type LogPlace, placeAt } from '../log/log-place.ts'
import { type BinlogPosition } from '../log/binlog-stream.ts'

/** How far the live reading of a source has come. */
export interface LiveState {
  /** SCN of the last window. */
  readonly scn: bigint
  /** Up to here everything has been delivered: between two transactions, not before the end of that window. */
  readonly file: string
  readonly position: number
  readonly generation: number
  readonly serverIdentity: string | undefined
  /** The transactions up to that window, where they are known. */
  readonly gtids: string | undefined
}

/** How long a chunk waits for a place, in milliseconds. */
export interface LiveWait {
  /** Of a reading that stands still. */
  readonly stillMs: number
  /** Of one that goes on: whoever asked for the chunk gives up at some time. */
  readonly atMostMs: number
}

const POLL_MS = 5

/** Asks how far the live reading is, and waits until it has come to a place. */
export class LiveLog {
  readonly #state: () => LiveState | undefined
  readonly #wait: LiveWait

  /** @param state undefined: nothing is read now */
  constructor(state: () => LiveState | undefined, wait: LiveWait) {
    this.#state = state
    this.#wait = wait
  }

  /** @throws SnapshotBehindError, or what the signal gives */
  now(source: string, signal: AbortSignal): Promise<LiveState> {
    return this.#until(source, signal, 'a place where it goes on', () => true)
  }

  /** Where it is when it has come to this place. Undefined: it reads another log by now. @throws SnapshotBehindError */
  async reached(
    source: string,
    { file, position }: BinlogPosition,
    begun: LiveState,
    signal: AbortSignal,
  ): Promise<LiveState | undefined> {
    const wanted = placeAt(begun.generation, { file, position })
    const state = await this.#until(
      source,
      signal,
      `${file}:${position}`,
      (now) => now.generation !== begun.generation || comparePlaces(placeOfState(now), wanted) >= 0,
    )
    return isSameLog(state, begun) ? state : undefined
  }

  async #until(
    source: string,
    signal: AbortSignal,
    wanted: string,
    isThere: (state: LiveState) => boolean,
  ): Promise<LiveState> {
    const { stillMs, atMostMs } = this.#wait
    const begunMs = performance.now()
    let movedMs = begunMs
    let stoodAt: string | undefined
    for (;;) {
      const state = this.#state()
      if (state !== undefined && isThere(state)) return state
      const reached = state === undefined ? 'no place' : `${state.file}:${state.position}`
      const nowMs = performance.now()
      if (reached !== stoodAt) movedMs = nowMs
      stoodAt = reached
      if (nowMs - movedMs > stillMs || nowMs - begunMs > atMostMs)
        throw new SnapshotBehindError(source, wanted, reached, Math.round(nowMs - begunMs))
      await delay(POLL_MS, undefined, { signal })
    }
  }
}

export function isSameLog(left: LiveState, right: LiveState): boolean {
  return left.generation === right.generation && left.serverIdentity === right.serverIdentity
}

export function placeOfState({ generation, file, position }: LiveState): LogPlace {
  return placeAt(generation, { file, position })
}
