/*
 * What a collation may take for one key: `w1`, `W1`, `wé1` and `we1 ` in most of them. Which collation a key has is not known here, so
 * everything is folded together that one of the common ones takes for equal; keys that are folded together although they differ lose nothing
 * but that they could have gone to two partitions.
 */

/** Letters that no decomposition of Unicode takes apart. */
const LATIN: Readonly<Record<string, string>> = {
  Æ: 'AE',
  Œ: 'OE',
  Ø: 'O',
  Đ: 'D',
  Ð: 'D',
  Ł: 'L',
  Ħ: 'H',
  Ŧ: 'T',
  Þ: 'TH',
  Ŋ: 'N',
  ẞ: 'S',
}
const HIRAGANA = /[\u3041-\u3096]/g
const KATAKANA_FROM_HIRAGANA = 0x60

/** The key without case, marks, spaces and signs; a letter that follows itself counts once, because `ß` is `s` or `ss`. */
export function foldedKey(bytes: Uint8Array): string {
  return foldedAscii(bytes) ?? foldedText(bytes)
}

const LETTERS_FROM = 0x41
const LETTERS_TO = 0x5a
const DIGITS_FROM = 0x30
const DIGITS_TO = 0x39
const LOWER_FROM = 0x61
const LOWER_TO = 0x7a
const LOWER_BIT = 0x20

/** Nearly all keys are ASCII, and each row has one: the same by bytes. Undefined: it is not ASCII. */
function foldedAscii(bytes: Uint8Array): string | undefined {
  const folded = Buffer.allocUnsafe(bytes.length)
  let length = 0
  for (const byte of bytes) {
    if (byte > 0x7f) return undefined
    const code = byte >= LOWER_FROM && byte <= LOWER_TO ? byte ^ LOWER_BIT : byte
    const isLetter = code >= LETTERS_FROM && code <= LETTERS_TO
    const isDigit = code >= DIGITS_FROM && code <= DIGITS_TO
    if (isDigit || (isLetter && (length === 0 || folded[length - 1] !== code))) folded[length++] = code
  }
  return folded.toString('latin1', 0, length)
}

function foldedText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  const letters = text
    .normalize('NFKD')
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
  return letters
    .replace(/[ÆŒØĐÐŁĦŦÞŊẞ]/g, (letter) => LATIN[letter] ?? letter)
    .replace(HIRAGANA, (letter) => String.fromCharCode(letter.charCodeAt(0) + KATAKANA_FROM_HIRAGANA))
    .replace(/(\p{L})\1+/gu, '$1')
}
