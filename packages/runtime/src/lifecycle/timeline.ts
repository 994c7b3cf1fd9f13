/** A step in the life of a bean. */
export type LifeStep = 'construct' | 'init' | 'start' | 'stop' | 'destroy'

/** One finished step: when it began, counted from the beginning of the launch, and how long it took. */
export interface TimelineEntry {
  readonly container: string
  readonly bean: string
  readonly step: LifeStep
  readonly atMs: number
  readonly tookMs: number
  readonly error?: string
}

/** The order in which things happened, for tests, banners and pages. */
export class Timeline {
  readonly #entries: TimelineEntry[] = []
  readonly #beganAt = performance.now()

  /** Milliseconds since the launch began. */
  now(): number {
    return performance.now() - this.#beganAt
  }

  add(container: string, bean: string, step: LifeStep, atMs: number, error?: string): void {
    const entry = { container, bean, step, atMs, tookMs: this.now() - atMs }
    this.#entries.push(error === undefined ? entry : { ...entry, error })
  }

  entries(): readonly TimelineEntry[] {
    return [...this.#entries]
  }
}
