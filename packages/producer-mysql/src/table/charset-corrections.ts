/*
 * Where the servers read a character in another way than the usual tables of its set, and the few sets that no table is
 * usual of, as corrections of Latin-1. What a column holds is what the server says it holds: these are its answers (MySQL 9
 * and MariaDB 10.11 agree). A question mark is its answer for a byte that is no character.
 */

/** How many bytes the character has that begins with this one. */
type LengthOf = (first: number) => number

interface Corrections {
  readonly lengthOf: LengthOf
  /** First code of a run and the characters from there on. */
  readonly runs: readonly (readonly [first: number, characters: string])[]
  /** Areas for characters of one's own, which the servers map to Unicode's private use area. */
  readonly own?: readonly Area[]
}

/** First row, number of rows, trail bytes of a row, and the code point of the first character. */
type Area = readonly [first: number, rows: number, trails: readonly number[], codePoint: number]

const one: LengthOf = () => 1
const two: LengthOf = (first) => (first > 0x80 ? 2 : 1)
const shiftJis: LengthOf = (first) => ((first > 0x80 && first < 0xa0) || first > 0xdf ? 2 : 1)
const euc: LengthOf = (first) => (first === 0x8f ? 3 : two(first))

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_unused, i) => from + i)
const EUC_TRAILS = range(0xa1, 0xfe)
const SHIFT_JIS_TRAILS = [...range(0x40, 0x7e), ...range(0x80, 0xfc)]
const EUC_OWN: readonly Area[] = [
  [0xf5, 10, EUC_TRAILS, 0xe000],
  [0x8ff5, 10, EUC_TRAILS, 0xe3ac],
]

const CORRECTIONS: Readonly<Record<string, Corrections>> = {
  dec8: {
    lengthOf: one,
    runs: [
      [0xa4, '?¥?§¤'],
      [0xac, '????'],
      [0xb4, '?'],
      [0xb8, '?'],
      [0xbe, '?'],
      [0xd0, '?'],
      [0xd7, 'Œ'],
      [0xdd, 'Ÿ?'],
      [0xf0, '?'],
      [0xf7, 'œ'],
      [0xfd, 'ÿ??'],
    ],
  },
  geostd8: {
    lengthOf: one,
    runs: [
      [0x80, '€?‚?„…†‡?‰?‹?????‘’“”•–—???›????'],
      [0xc0, 'აბგდევზჱთიკლმნჲოპჟრსტჳუფქღყშჩცძწჭხჴჯჰჵ???????????????????????№??'],
    ],
  },
  hp8: {
    lengthOf: one,
    runs: [
      [
        0xa1,
        'ÀÂÈÊËÎÏ´\u02cb\u02c6¨\u02dcÙÛ₤¯Ýý°ÇçÑñ¡¿¤£¥§ƒ¢âêôûáéóúàèòùäëöüÅîØÆåíøæÄìÖÜÉïßÔÁÃãÐðÍÌÓÒÕõŠšÚŸÿÞþ·µ¶¾—¼½ªº«■»±?',
      ],
    ],
  },
  keybcs2: {
    lengthOf: one,
    runs: [
      [
        0x80,
        'ČüéďäĎŤčěĚĹÍľĺÄÁÉžŽôöÓůÚýÖÜŠĽÝŘťáíóúňŇŮÔšřŕŔ¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
      ],
    ],
  },
  swe7: {
    lengthOf: one,
    runs: [
      [0x40, 'É'],
      [0x5b, 'ÄÖÅÜ_é'],
      [
        0x7b,
        'äöåü?????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????',
      ],
    ],
  },
  armscii8: {
    lengthOf: one,
    runs: [
      [0xa1, '❁§'],
      [0xad, '՟'],
      [0xfe, "’'"],
    ],
  },
  cp866: { lengthOf: one, runs: [[0xfc, 'ⁿ²']] },
  cp1256: {
    lengthOf: one,
    runs: [
      [0x8a, '?'],
      [0x8f, '?'],
      [0x98, '?'],
      [0x9a, '?'],
      [0x9f, '?'],
      [0xaa, '?'],
      [0xc0, '?'],
      [0xff, '?'],
    ],
  },
  greek: {
    lengthOf: one,
    runs: [
      [0xa1, 'ʽʼ'],
      [0xa4, '??'],
      [0xaa, '?'],
    ],
  },
  hebrew: { lengthOf: one, runs: [[0xaf, '‾']] },
  koi8u: { lengthOf: one, runs: [[0x95, '•']] },
  macroman: {
    lengthOf: one,
    runs: [
      [0xbd, '\u03a9'],
      [0xdb, '€'],
      [0xf0, '\uf8ff'],
    ],
  },
  tis620: { lengthOf: one, runs: [[0x80, String.fromCodePoint(...range(0x80, 0x9f))]] },
  gb2312: {
    lengthOf: two,
    runs: [
      [0xa1a4, '・'],
      [0xa1aa, '―'],
    ],
  },
  sjis: {
    lengthOf: shiftJis,
    runs: [
      [0x815f, '\\〜‖'],
      [0x817c, '−'],
      [0x8191, '¢£'],
      [0x81ca, '¬'],
    ],
  },
  cp932: { lengthOf: shiftJis, runs: [], own: [[0xf0, 10, SHIFT_JIS_TRAILS, 0xe000]] },
  ujis: {
    lengthOf: euc,
    runs: [
      [0xa1c0, '\\〜‖'],
      [0xa1dd, '−'],
      [0xa1f1, '¢£'],
      [0xa2cc, '¬'],
      [0x8fa2b7, '~'],
    ],
    own: EUC_OWN,
  },
  eucjpms: {
    lengthOf: euc,
    runs: [
      [0x8fa2c3, '￤'],
      [0x8ff3f3, 'ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅠⅡ'],
      [
        0x8ff4a1,
        'ⅢⅣⅤⅥⅦⅧⅨⅩ＇＂㈱№℡炻仼僴凬匇匤\ufa0e咊坙\ufa0f\ufa10增寬峵嵓\ufa11德悅愠敎昻晥\ufa12\uf929栁\ufa13\ufa14橫櫢淸淲瀨\ufa15\ufa16甁皂皞\ufa17礰\ufa18\ufa19\ufa1a\ufa1b竧\ufa1c\ufa1d綠緖\ufa1e荢\ufa1f薰\ufa20\ufa21蠇\ufa22譿賴赶\ufa23\ufa24\ufa25郞\ufa26鄕\ufa27\ufa28閒\uf9dc\ufa29霻靍靑\ufa2a\ufa2b\ufa2c馞髙魲\ufa2d黑',
      ],
    ],
    own: EUC_OWN,
  },
  big5: {
    lengthOf: two,
    runs: [
      [0xa145, '•'],
      [0xa14e, '､'],
      [0xa1c2, '‾'],
      [0xa1e3, '∼'],
      [0xa1f2, '♁☉'],
      [0xa241, '／＼'],
      [0xa244, '¥'],
      [0xa246, '¢£'],
      [
        0xc6a1,
        'ヾゝゞ々ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのはばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれろゎわゐゑをんァアィイゥウェ',
      ],
      [
        0xc740,
        'エォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハバパヒビピフブプヘベペホボポマミムメモャヤュユ',
      ],
      [
        0xc7a1,
        'ョヨラリルレロヮワヰヱヲンヴヵヶДЕЁЖЗИЙКЛМУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюя①②③④⑤⑥⑦⑧⑨⑩⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽',
      ],
    ],
  },
}

/** The decoding of a set with the servers' own characters in their places; the given one where they do not differ. */
export function corrected(charset: string, decode: (bytes: Buffer) => string): (bytes: Buffer) => string {
  const corrections = CORRECTIONS[charset]
  if (corrections === undefined) return decode
  const { lengthOf } = corrections
  const characters = charactersOf(corrections)
  return (bytes) => {
    let text = ''
    let from = 0
    for (let at = 0; at < bytes.length;) {
      const length = Math.min(lengthOf(bytes.readUInt8(at)), bytes.length - at)
      const character = characters.get(bytes.readUIntBE(at, length))
      if (character !== undefined) {
        if (at > from) text += decode(bytes.subarray(from, at))
        text += character
        from = at + length
      }
      at += length
    }
    return from < bytes.length ? text + decode(bytes.subarray(from)) : text
  }
}

function charactersOf({ runs, own = [] }: Corrections): Map<number, string> {
  const characters = new Map<number, string>()
  for (const [first, run] of runs) Array.from(run).forEach((character, i) => characters.set(first + i, character))
  for (const [first, rows, trails, codePoint] of own) {
    let next = codePoint
    for (let row = first; row < first + rows; row++) {
      for (const trail of trails) characters.set(row * 256 + trail, String.fromCodePoint(next++))
    }
  }
  return characters
}
