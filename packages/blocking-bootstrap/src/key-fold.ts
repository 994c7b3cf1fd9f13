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
