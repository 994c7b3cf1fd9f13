/** Writes one at a time. What comes meanwhile waits; newer takes the place of older, and all who wait hear of the newest. */
export class NewestWrite<Item, Result> {
  readonly #write: (item: Item) => Promise<Result>
  #running: Promise<unknown> | undefined
  #next: { item: Item; readonly done: Promise<Result> } | undefined

  constructor(write: (item: Item) => Promise<Result>) {
    this.#write = write
  }

  put(item: Item): Promise<Result> {
    if (this.#running === undefined) return this.#start(item)
    if (this.#next === undefined) return this.#putBehind(this.#running, item)
    this.#next.item = item
    return this.#next.done
  }

  #putBehind(running: Promise<unknown>, item: Item): Promise<Result> {
    const next: { item: Item; done: Promise<Result> } = {
      item,
      done: running.then((): Promise<Result> => {
        this.#next = undefined
        return this.#start(next.item)
      }),
    }
    this.#next = next
    return next.done
  }

  #start(item: Item): Promise<Result> {
    const writing = this.#write(item)
    this.#running = writing.then(
      () => {
        this.#end()
      },
      () => {
        this.#end()
      },
    )
    return writing
  }

  /** Before what waits for the end is called. */
  #end(): void {
    this.#running = undefined
  }
}
