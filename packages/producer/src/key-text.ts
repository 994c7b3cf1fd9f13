import { createHash, type Hash } from 'node:crypto'

/** Bytes of UTF-8 that the text of a key has at most. No primary key of a server reaches it; large columns and whole rows do. */
export const KEY_TEXT_BYTES_MAX = 8192

/** No text of a key begins so: `\` stands before `\`, TAB or N alone. */
const HASH_MARK = '\\sha256:'

/**
 * Joins the parts of a key. A text of more than KEY_TEXT_BYTES_MAX is never held whole: its key is `\sha256:` and the SHA-256
 * of its UTF-8, as hex digits. Equal texts make equal keys, whatever the parts they come in.
 */
export class KeyText {
  private text = ''
  private hash: Hash | undefined

  begin(): void {
    this.text = ''
    this.hash = undefined
  }

  /** @param part whole characters */
  add(part: string): void {
    if (this.hash !== undefined) this.hash.update(part, 'utf8')
    else {
      this.text += part
      // A UTF-16 unit takes a byte at least.
      if (this.text.length > KEY_TEXT_BYTES_MAX) this.hash = createHash('sha256').update(this.text, 'utf8')
    }
  }

  /** The key of what was added since `begin`. */
  take(): string {
    return this.hash === undefined ? keyOfText(this.text) : `${HASH_MARK}${this.hash.digest('hex')}`
  }
}

/** The key of a text. */
export function keyOfText(text: string): string {
  // A UTF-16 unit takes three bytes at most.
  if (text.length * 3 <= KEY_TEXT_BYTES_MAX || Buffer.byteLength(text) <= KEY_TEXT_BYTES_MAX) return text
  return `${HASH_MARK}${createHash('sha256').update(text, 'utf8').digest('hex')}`
}
