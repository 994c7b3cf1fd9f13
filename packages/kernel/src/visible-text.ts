import { StringDecoder } from 'node:string_decoder'

/** Controls (C0, DEL, C1), ends of lines and paragraphs, turns of direction, the byte order mark, and halves of a pair. */
const HIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\ufeff]/gu
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Longer texts are cut before people see them: one line is no place for a file. */
export const SHOWN_BYTES_MAX = 16 * 1024
/** Of what a user's own code says of an error of its own. */
export const OWN_ERROR_BYTES_MAX = 4 * 1024

/**
 * A text as one line of a log or terminal can show it: what ends the line, moves the cursor or turns the direction is
 * written as `\n` or `\u001b`, so that nobody forges a line of his own; what is longer is cut.
 * @param bytesMax in UTF-8, before it is escaped
 */
export function visibleText(text: string, bytesMax = SHOWN_BYTES_MAX): string {
  return cutText(text, bytesMax).replace(HIDDEN, (char) => SHORT[char] ?? escapeOf(char))
}

/** The same for a text of several lines, each of which is cut: line feeds and tabs stay. */
export function visibleLines(text: string): string {
  const visible = (part: string): string => visibleText(part)
  return text
    .split('\n')
    .map((line) => line.split('\t').map(visible).join('\t'))
    .join('\n')
}

/** JSON that shows nothing hidden, with the same meaning: what is hidden outside of its strings is white space. */
export function visibleJson(json: string): string {
  return json.replace(HIDDEN, (char) => (SHORT[char] === undefined ? escapeOf(char) : char))
}

/** At most so many bytes of UTF-8 of a text, whole characters, and what was left out. */
export function cutText(text: string, bytesMax: number): string {
  const bytes = Buffer.byteLength(text)
  if (bytes <= bytesMax) return text
  const head = new StringDecoder('utf8').write(Buffer.from(text.slice(0, bytesMax)).subarray(0, bytesMax))
  return `${head}… (${bytes} bytes, cut)`
}

function escapeOf(char: string): string {
  return `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
}
