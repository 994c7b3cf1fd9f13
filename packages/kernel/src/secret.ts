import { inspect } from 'node:util'

const HIDDEN = '***'

/** What a bean gets for a property whose schema says `secret: true`: the text is asked for when it is used, and only then. */
export interface SecretText {
  /** The text as it is now: one from a file or a provider is read anew. @throws what reading it throws */
  reveal(): string
}

/**
 * A text that nobody must see. Whatever shows it (JSON, a log line, a template) shows what it was made with for that: the
 * placeholder that it came from, or `***`.
 */
export class Secret implements SecretText {
  readonly #read: () => string
  readonly #shown: string

  /** @param shown default `***` */
  constructor(read: string | (() => string), shown = HIDDEN) {
    this.#read = typeof read === 'string' ? () => read : read
    this.#shown = shown
  }

  /** Takes what a person's code gives: a plain text, or a secret of whichever copy of this package. */
  static from(value: string | SecretText): SecretText {
    return typeof value === 'string' ? new Secret(value) : value
  }

  reveal(): string {
    return this.#read()
  }

  toString(): string {
    return this.#shown
  }

  toJSON(): string {
    return this.#shown
  }

  [inspect.custom](): string {
    return this.#shown
  }
}
