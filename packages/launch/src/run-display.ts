import { type ProgressLine } from '@aesop/kernel'
import { type CommonOptions, StatusLine } from '@aesop/runtime'

/** What a launch writes to stderr: lines, and on a terminal how far its work is, in one line below them. */
export class RunDisplay {
  /** Undefined: beans tell it in the log. */
  readonly progress: ((bean: string, lines: readonly ProgressLine[]) => void) | undefined
  readonly #status: StatusLine | undefined
  readonly #lines = new Map<string, readonly ProgressLine[]>()

  constructor({ json, quiet, color }: Pick<CommonOptions, 'json' | 'quiet' | 'color'>) {
    if (process.stderr.isTTY && !json && !quiet) this.#status = new StatusLine(process.stderr, color)
    const isShown = json || this.#status !== undefined
    this.progress = isShown ? this.#take : undefined
  }

  readonly write = (text: string, done?: () => void): void => {
    if (this.#status === undefined) process.stderr.write(text, done)
    else this.#status.writeAbove(text, done)
  }

  readonly #take = (bean: string, lines: readonly ProgressLine[]): void => {
    this.#lines.set(bean, lines)
    const all = [...this.#lines.values()].flat()
    if (all.length === 0) this.#status?.clear()
    else this.#status?.show({ text: all.map(({ text }) => text).join(' | '), waits: all.some(({ waits }) => waits) })
  }
}
