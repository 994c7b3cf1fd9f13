import iconv from 'iconv-lite'
import { corrected } from './charset-corrections.ts'
import { missing } from '../error/missing.ts'

/** Character sets of the collations 1, 2, 3 …; - where there is none. */
const FIRST_COLLATIONS = `
  big5 latin2 dec8 cp850 latin1 hp8 koi8r latin1 latin2 swe7 ascii ujis sjis cp1251 latin1 hebrew - tis620
  euckr latin7 latin2 koi8u cp1251 gb2312 greek cp1250 latin2 gbk cp1257 latin5 latin1 armscii8 utf8mb3 cp1250
  ucs2 cp866 keybcs2 macce macroman cp852 latin7 latin7 macce cp1250 utf8mb4 utf8mb4 latin1 latin1 latin1
  cp1251 cp1251 cp1251 macroman utf16 utf16 utf16le cp1256 cp1257 cp1257 utf32 utf32 utf16le binary armscii8
  ascii cp1250 cp1256 cp866 dec8 greek hebrew hp8 keybcs2 koi8r koi8u utf8mb3 latin2 latin5 latin7 cp850 cp852
  swe7 utf8mb3 big5 euckr gb2312 gbk sjis tis620 ucs2 ujis geostd8 geostd8 latin1 cp932 cp932 eucjpms eucjpms
  cp1250
`
  .trim()
  .split(/\s+/)

/** First and last collation id, character set. */
const COLLATION_RANGES: readonly (readonly [number, number, string])[] = [
  [101, 124, 'utf16'],
  [128, 159, 'ucs2'],
  [160, 183, 'utf32'],
  [192, 223, 'utf8mb3'],
  [224, 247, 'utf8mb4'],
  [248, 250, 'gb18030'],
  [255, 330, 'utf8mb4'],
  [576, 607, 'utf8mb3'],
  [608, 639, 'utf8mb4'],
  [640, 671, 'ucs2'],
  [672, 703, 'utf16'],
  [736, 767, 'utf32'],
]
const UCA1400_CHARSETS = ['utf8mb3', 'utf8mb4', 'ucs2', 'utf16', 'utf32']

/**
 * The character set of a collation id in a table map; undefined for an unknown one. MariaDB numbers its NOPAD
 * collations 1024 above the padded ones, and the UCA 14 collations from 2048 on, 256 for each character set.
 */
export function charsetOfCollation(id: number): string | undefined {
  if (id >= 2048) return UCA1400_CHARSETS[(id - 2048) >> 8]
  if (id >= 1024) return charsetOfCollation(id - 1024)
  const first = FIRST_COLLATIONS[id - 1]
  if (first !== undefined) return first === '-' ? undefined : first
  return COLLATION_RANGES.find(([from, to]) => id >= from && id <= to)?.[2]
}

/** How text of a character set becomes a string or UTF-8. */
export interface TextDecoding {
  /** The bytes are UTF-8 already. */
  readonly utf8: boolean
  /** Bytes below 128 are ASCII, whatever stands around them. */
  readonly ascii: boolean
  /** UTF-8 bytes that one byte of the column can become at most. */
  readonly growth: number
  decode(bytes: Buffer): string
}

const ICONV_NAMES: Readonly<Record<string, string>> = {
  latin1: 'windows-1252',
  latin2: 'iso-8859-2',
  latin5: 'iso-8859-9',
  latin7: 'iso-8859-13',
  ujis: 'eucjp',
  eucjpms: 'eucjp',
  sjis: 'shift_jis',
  cp932: 'cp932',
  euckr: 'euc-kr',
  gb2312: 'gb2312',
  greek: 'iso-8859-7',
  hebrew: 'iso-8859-8',
  koi8r: 'koi8-r',
  koi8u: 'koi8-u',
  tis620: 'tis-620',
  ucs2: 'utf-16be',
  utf16: 'utf-16be',
  utf16le: 'utf-16le',
  utf32: 'utf-32be',
  macroman: 'macroman',
  macce: 'maccenteuro',
  // All that differs is among the corrections.
  dec8: 'iso-8859-1',
  geostd8: 'iso-8859-1',
  hp8: 'iso-8859-1',
  keybcs2: 'iso-8859-1',
  swe7: 'iso-8859-1',
}

const UTF8: TextDecoding = { utf8: true, ascii: true, growth: 1, decode: (bytes) => bytes.toString('utf8') }
const decodings = new Map<string, TextDecoding | undefined>([
  ['utf8', UTF8],
  ['utf8mb3', UTF8],
  ['utf8mb4', UTF8],
  ['latin1', { utf8: false, ascii: true, growth: 3, decode: decodeLatin1 }],
])

/** The decoding of a character set, or undefined where its text can't be decoded without guessing. */
export function textDecodingOf(charset: string): TextDecoding | undefined {
  if (!decodings.has(charset)) decodings.set(charset, iconvDecoding(charset))
  return decodings.get(charset)
}

/** Sets in which a byte below 128 is always ASCII: single-byte ones and EUC. */
const ASCII_FAMILIES = /^(?!cp932$)(ascii$|iso-8859-|windows-|cp\d{3,4}$|koi8-|euc|mac)/

/**
 * Sets with one byte for each character, which a table decodes. Latin-1 has code of its own, and for codes of tis620 the
 * servers have U+FFFD itself.
 */
const SINGLE_BYTE = new Set(
  `ascii dec8 cp850 hp8 koi8r latin2 swe7 hebrew koi8u greek cp1250 latin5 armscii8 cp866 keybcs2 macce macroman cp852 latin7
  cp1251 cp1256 cp1257 geostd8`.split(/\s+/),
)

function iconvDecoding(charset: string): TextDecoding | undefined {
  const name = ICONV_NAMES[charset] ?? charset
  if (!iconv.encodingExists(name)) return undefined
  const ascii = ASCII_FAMILIES.test(name) && charset !== 'swe7'
  const decode = corrected(charset, (bytes) => iconv.decode(bytes, name, { stripBOM: false }))
  return { utf8: false, ascii, growth: 3, decode: SINGLE_BYTE.has(charset) ? byTable(decode) : decode }
}

/** Decodes by a table of the 256 characters. What none of them is reads as a question mark, as from the server. */
function byTable(decode: (bytes: Buffer) => string): (bytes: Buffer) => string {
  const units = Uint16Array.from({ length: 256 }, (_unused, byte) => {
    const unit = decode(Buffer.of(byte)).charCodeAt(0)
    return unit === 0xfffd ? 0x3f : unit
  })
  return (bytes) => {
    const text = Buffer.allocUnsafe(bytes.length * 2)
    for (let i = 0; i < bytes.length; i++)
      text.writeUInt16LE(units[bytes.readUInt8(i)] ?? missing('a character'), i * 2)
    return text.toString('utf16le')
  }
}

/** The server's latin1 is cp1252, with the five codes that it leaves undefined kept as control characters. */
function decodeLatin1(bytes: Buffer): string {
  const text = bytes.toString('latin1')
  return /[\x80-\x9f]/.test(text)
    ? text.replace(/[\x80-\x9f]/g, (char) => CP1252[char.charCodeAt(0) - 0x80] ?? char)
    : text
}

const CP1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'
