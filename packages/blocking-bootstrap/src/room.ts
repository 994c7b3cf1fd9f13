/** How much may wait for the consumers. What waits for room goes on in the order in which it came. */
export class Room {
  readonly #rowsMax: number
  readonly #bytesMax: number
  readonly #rows: number[]
  #bytes = 0
  #waiting: (() => void)[] = []

  /** @param rowsMax of each partition @param bytesMax of all of them */
  constructor(partitions: number, rowsMax: number, bytesMax: number) {
    this.#rowsMax = rowsMax
    this.#bytesMax = bytesMax
    this.#rows = new Array<number>(partitions).fill(0)
  }

  get bytes(): number {
    return this.#bytes
  }
  get rows(): readonly number[] {
    return this.#rows
  }
  get isFull(): boolean {
    return this.#bytes >= this.#bytesMax || this.#rows.some((rows) => rows >= this.#rowsMax)
  }

  /** Whether this partition alone has all the rows that it may have. */
  isFullOf(partition: number): boolean {
    return (this.#rows[partition] ?? 0) >= this.#rowsMax
  }

  take(partition: number, rows: number, bytes: number): void {
    this.#rows[partition] = (this.#rows[partition] ?? 0) + rows
    this.#bytes += bytes
  }

  give(partition: number, rows: number, bytes: number): void {
    this.take(partition, -rows, -bytes)
    if (!this.isFull) this.open()
  }

  /** Undefined where there is some. */
  some(): Promise<void> | undefined {
    return this.isFull ? new Promise((go) => this.#waiting.push(go)) : undefined
  }

  /** Lets everybody go on, who looks why. */
  open(): void {
    for (const go of this.#waiting.splice(0)) go()
  }
}
