/** A writer that waits between windows: for room among what is needed, or for the store. */
export class WriterWait {
  readonly #hasRoom: () => boolean
  readonly #storeRoom: () => Promise<void> | undefined
  #writable: { promise: Promise<void>; resolve: () => void } | undefined
  /** Ends a wait for the store. */
  #stopsWaiting: (() => void) | undefined
  #isOver = false

  /** @param hasRoom makes room where it may, and says whether there is some */
  constructor(hasRoom: () => boolean, storeRoom: () => Promise<void> | undefined) {
    this.#hasRoom = hasRoom
    this.#storeRoom = storeRoom
  }

  /** Whether a writer waits for what is needed to be needed no more. */
  get isBlocked(): boolean {
    return this.#writable !== undefined
  }

  /** Undefined: it may go on at once. */
  whenWritable(): Promise<void> | undefined {
    if (this.#hasRoom() || this.#isOver) return this.#whenRoom()
    if (this.#writable === undefined) {
      let resolve: () => void = () => undefined
      const promise = new Promise<void>((done) => (resolve = done))
      this.#writable = { promise, resolve }
    }
    return this.#writable.promise
  }

  /** Lets a writer that waits go on when there is room: cheap when none waits. */
  recheck(): void {
    if (this.#writable !== undefined && this.#hasRoom()) this.#letGo()
  }

  /** Lets it go on, and never asks it to wait again. */
  end(): void {
    this.#isOver = true
    this.#stopsWaiting?.()
    this.#letGo()
  }

  #whenRoom(): Promise<void> | undefined {
    return this.unlessOver(this.#storeRoom())
  }

  /** The wait, for as long as the writer was not told to stop. */
  unlessOver(room: Promise<void> | undefined): Promise<void> | undefined {
    if (room === undefined || this.#isOver) return undefined
    return Promise.race([room, new Promise<void>((resolve) => (this.#stopsWaiting = resolve))])
  }

  #letGo(): void {
    this.#writable?.resolve()
    this.#writable = undefined
  }
}
