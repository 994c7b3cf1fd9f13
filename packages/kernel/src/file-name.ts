import { createHash } from 'node:crypto'

/** File systems take 255 bytes; a name gets a version, an ending and, while it is written, a random one. */
const NAME_BYTES_MAX = 200
const HASH_DIGITS = 64
/** Anything else, a dot at either end, and what Windows keeps for devices. */
const ESCAPED = /[^a-z0-9._-]|^\.|\.$|^(?=(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))./gu
/** One character of several bytes is one escape: its first digit tells how many. */
const ESCAPE = /%((?:[0-7]|[cd]..|e.{4}|f.{6})[0-9a-f])/g
const FORMER_BYTES_MAX = 240
const FORMER_PREFIX_BYTES = 160

/**
 * A file name for any text, so that no two meet, not even on disks that tell no case: each character that is not a-z, 0-9,
 * dot, `_` or dash is written as `%` and the hex digits of its UTF-8 bytes; so are a dot at either end and the first letter of the names
 * of devices. One that would be longer than 200 bytes is cut, and ends with `~` and the SHA-256 of the text. It holds no separator of folders.
 */
export function fileNameOf(text: string): string {
  const name = text === '' ? '%' : text.replace(ESCAPED, escape)
  return name.length <= NAME_BYTES_MAX ? name : cut(name, NAME_BYTES_MAX - HASH_DIGITS - 1, text)
}

/** The text of a file name that `fileNameOf` made, unless it was cut; of any other name the name itself. */
export function textOfFileName(name: string): string {
  const text = name === '%' ? '' : name.replace(ESCAPE, (_, digits: string) => Buffer.from(digits, 'hex').toString())
  return fileNameOf(text) === name ? text : name
}

/** What former versions called the file of this text, the latest first. */
export function formerFileNamesOf(text: string): readonly string[] {
  const whole = text.replace(/[^\w.-]|^\.+$/gu, escape)
  const latest = whole.length <= FORMER_BYTES_MAX ? whole : cut(whole, FORMER_PREFIX_BYTES, text)
  // The first version escaped a character beyond 16 bits as two that stand for anything.
  const first = text.replace(/[^\w.-]/g, escape)
  return [...new Set([latest, first])]
}

function escape(char: string): string {
  return `%${Buffer.from(char).toString('hex')}`
}

function cut(name: string, bytes: number, text: string): string {
  return `${name.slice(0, bytes)}~${createHash('sha256').update(text).digest('hex')}`
}
