/*
 * Texts that stand for secrets and for rows, and the search for them in what processes write and serve. Each holds a word that nobody
 * writes by chance, several times where it is a password, so that a part that got through is found like the whole.
 */
const WORDS = { secret: 'S3cMark', row: 'R0wMark' } as const

/** What a text is searched for. */
export type Marker = keyof typeof WORDS

/** Of users of the test servers: with signs that a URI must escape, and of 32 characters, which is as long as a replica takes one. */
export const SERVER_PASSWORD = 'S3cMark/S3cMark@S3cMark%S3cMark:'
/** As a URI and the README's placeholders want it. */
export const SERVER_PASSWORD_IN_URI = encodeURIComponent(SERVER_PASSWORD)
export const ADMIN_TOKEN = 'S3cMark-token-of-the-admin-server'
export const RELAY_TOKEN = 'S3cMark-token-of-the-relay'
/** A column's text. */
export const ROW_TEXT = 'R0wMark of a row'

const LINE_CHARS_AROUND = 200
const BITS_OF_BASE64 = 6

/** The parts of base64 that a text becomes wherever it stands among other bytes. */
function base64Spellings(word: string): string[] {
  return [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(word)])
    const first = Math.ceil((before * 8) / BITS_OF_BASE64)
    return bytes.toString('base64').slice(first, Math.floor((bytes.length * 8) / BITS_OF_BASE64))
  })
}

function spellings(word: string): string[] {
  const hex = Buffer.from(word).toString('hex')
  return [word, hex, hex.toUpperCase(), ...base64Spellings(word)]
}

const SPELLINGS = { secret: spellings(WORDS.secret), row: spellings(WORDS.row) }

/** The text without its markers. */
function withoutMarkers(text: string): string {
  let rest = text
  for (const [name, all] of Object.entries(SPELLINGS))
    for (const spelling of all) rest = rest.replaceAll(spelling, `[${name}]`)
  return rest
}

/** The line around a place of a text, of a long one its middle, without the markers. */
function lineAround(text: string, at: number): string {
  const from = Math.max(text.lastIndexOf('\n', at) + 1, at - LINE_CHARS_AROUND)
  const end = text.indexOf('\n', at)
  return withoutMarkers(text.slice(from, Math.min(end < 0 ? text.length : end, at + LINE_CHARS_AROUND)))
}

/** The first markers of these kinds in a text, as they stand in it: in clear, in JSON or a URI, in base64 or hex. */
export function leaksIn(text: string, markers: readonly Marker[]): string[] {
  return markers.flatMap((marker) => {
    const at = SPELLINGS[marker].map((spelling) => text.indexOf(spelling)).find((place) => place >= 0)
    return at === undefined ? [] : [`a marker of a ${marker}: ${lineAround(text, at)}`]
  })
}

/**
 * Fails when a text holds a marker.
 * @param where who wrote or served it, and where to
 */
export function assertNoLeak(where: string, text: string, markers: readonly Marker[] = ['secret', 'row']): void {
  const leaks = leaksIn(text, markers)
  if (leaks.length > 0) throw new Error(`${withoutMarkers(where)} holds ${leaks.join('\nand ')}`)
}
