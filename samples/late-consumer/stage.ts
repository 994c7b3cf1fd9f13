import { type Items, type Picture } from './picture.ts'

const LOOK_MS = 150

/** What the page shows. */
interface Shown {
  readonly steps: readonly { readonly title: string; readonly note: string; readonly isDone: boolean }[]
  readonly table: readonly (readonly [number, number])[]
  readonly picture: readonly (readonly [number, number])[]
  readonly rows: Picture['rows']
  readonly transactions: number
  /** Seconds since the beginning, items that differ then, and the step. */
  readonly history: readonly (readonly [number, number, number])[]
  readonly verdict: string
}

/** Follows table and picture, and remembers how far they were apart. */
export class Stage {
  verdict = ''
  readonly #picture: Picture
  readonly #look: () => Promise<{ readonly items: Items; readonly transactions: number }>
  readonly #beganMs = performance.now()
  readonly #steps: { title: string; note: string; isDone: boolean }[] = []
  readonly #history: (readonly [number, number, number])[] = []
  #table: Items = new Map()
  #transactions = 0
  #isStopped = false
  #following: Promise<void> | undefined

  constructor(picture: Picture, look: () => Promise<{ readonly items: Items; readonly transactions: number }>) {
    this.#picture = picture
    this.#look = look
  }

  follow(): void {
    this.#following = this.#follow()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#following
  }

  begin(title: string, note = ''): void {
    this.done()
    this.#steps.push({ title, note, isDone: false })
  }

  note(note: string): void {
    const last = this.#steps.at(-1)
    if (last !== undefined) last.note = note
  }

  done(): void {
    const last = this.#steps.at(-1)
    if (last !== undefined) last.isDone = true
  }

  shown(): Shown {
    const { items, rows } = this.#picture
    return {
      steps: this.#steps,
      table: [...this.#table],
      picture: [...items],
      rows,
      transactions: this.#transactions,
      history: this.#history,
      verdict: this.verdict,
    }
  }

  async #follow(): Promise<void> {
    while (!this.#isStopped) {
      await this.see()
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }

  /** Looks once more. */
  async see(): Promise<void> {
    const { items, transactions } = await this.#look()
    this.#table = items
    this.#transactions = transactions
    const seconds = Math.round(performance.now() - this.#beganMs) / 1000
    this.#history.push([seconds, differing(items, this.#picture.items), Math.max(0, this.#steps.length - 1)])
  }
}

function differing(table: Items, picture: Items): number {
  const changed = [...table].filter(([id, stock]) => picture.get(id) !== stock).length
  return changed + [...picture.keys()].filter((id) => !table.has(id)).length
}
