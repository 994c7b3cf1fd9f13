/** How long callbacks may go on in one turn of the event loop, in milliseconds. */
const TURN_MS_MAX = 10
/** The clock is looked at once for so many events: a look costs as much as a small part of a fast callback. */
const EVENTS_A_LOOK = 16

/**
 * Lets others have their turn where callbacks take long and never wait for anything: the source and the pages of the same process
 * would stand still until a consumer has all that has come.
 */
export class TurnTime {
  #untilLook = EVENTS_A_LOOK
  #beganMs = 0

  /** A turn begins, as far as is known. */
  begin(): void {
    this.#beganMs = performance.now()
    this.#untilLook = EVENTS_A_LOOK
  }

  /** To be called after each event; a promise when it is somebody else's turn. */
  spend(): Promise<void> | undefined {
    if (--this.#untilLook > 0) return undefined
    const tookMs = performance.now() - this.#beganMs
    // One that is slow is looked at after each event.
    this.#untilLook = tookMs > TURN_MS_MAX / 2 ? 1 : EVENTS_A_LOOK
    if (tookMs < TURN_MS_MAX) return undefined
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#beganMs = performance.now()
        resolve()
      })
    })
  }
}
