import { type ProgressLine } from '@aesop/kernel'

/** What of a terminal it needs. */
export interface StatusTerminal {
  readonly columns?: number
  write(text: string, done?: () => void): unknown
}

const TO_LINE_START = '\r\u001b[K'
const COLUMNS = 80
const GREEN = '\u001b[32m'
const YELLOW = '\u001b[33m'
const PLAIN = '\u001b[0m'

/** The last line of a terminal, drawn anew as work goes on; what is written meanwhile stands above it. */
export class StatusLine {
  readonly #terminal: StatusTerminal
  readonly #color: boolean
  #shown = ''

  constructor(terminal: StatusTerminal, color: boolean) {
    this.#terminal = terminal
    this.#color = color
  }

  /** A line that is too long for the terminal is cut: of one that goes on in the next line only the end could be drawn anew. */
  show({ text, waits }: ProgressLine): void {
    const cut = cutTo(text, (this.#terminal.columns || COLUMNS) - 1)
    this.#shown = this.#color ? `${waits ? YELLOW : GREEN}${cut}${PLAIN}` : cut
    this.#terminal.write(`${TO_LINE_START}${this.#shown}`)
  }

  /** @param text whole lines */
  writeAbove(text: string, done?: () => void): void {
    this.#terminal.write(this.#shown === '' ? text : `${TO_LINE_START}${text}${this.#shown}`, done)
  }

  clear(): void {
    if (this.#shown !== '') this.#terminal.write(TO_LINE_START)
    this.#shown = ''
  }

  /** It stays as it is; what is written then stands below it. */
  keep(): void {
    if (this.#shown !== '') this.#terminal.write('\n')
    this.#shown = ''
  }
}

function cutTo(text: string, columns: number): string {
  const all = Array.from(text)
  return all.length <= columns ? text : `${all.slice(0, columns - 1).join('')}…`
}
