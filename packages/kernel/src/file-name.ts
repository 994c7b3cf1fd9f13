import { createHash } from 'node:crypto'

/** What file systems take is 255 bytes; a name may get an ending. */
const NAME_BYTES_MAX = 240
const PREFIX_BYTES = 160

/**
 * A file name for any text, so that no two meet (but for case, on file systems that know none): what is not a word
 * character, dot or dash is escaped, and one that would be too long ends with a hash behind `~`, which is always
 * escaped elsewhere.
 */
export function fileNameOf(text: string): string {
  const name = text.replace(/[^\w.-]|^\.+$/gu, (char) => `%${Buffer.from(char).toString('hex')}`)
  if (name.length <= NAME_BYTES_MAX) return name
  return `${name.slice(0, PREFIX_BYTES)}~${createHash('sha256').update(text).digest('hex')}`
}
