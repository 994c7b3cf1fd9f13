import { isSecretName } from './secret-name.ts'

const HIDDEN = '***'
const SCHEME = '://'
const NESTED_MAX = 100
const ENDS = new Set([' ', '\t', '\r', '\n', '"', "'", '`', '<', '>', '/', '?', '#'])

/**
 * A text of others with the URIs in it rebuilt without user information; it takes one pass. User information ends
 * before the first slash, space or quote.
 */
export function withoutUserInfo(text: string): string {
  if (!text.includes(SCHEME)) return text
  let result = ''
  let done = 0
  for (let at = text.indexOf(SCHEME); at >= 0; at = text.indexOf(SCHEME, done)) {
    const start = at + SCHEME.length
    let end = start
    let sign = -1
    for (; end < text.length && !ENDS.has(text.charAt(end)); end++) if (text[end] === '@') sign = end
    // User information of placeholders is how ours is shown.
    if (sign >= 0 && text.slice(start, sign).includes('${')) sign = -1
    result += text.slice(done, start) + (sign < 0 ? '' : text.slice(sign + 1, end))
    done = sign < 0 ? start : end
  }
  return result + text.slice(done)
}

/**
 * A text that stands in a descriptor, as it may be shown: URIs without the user information that is written out (up to
 * the last `@`, because a password may hold any character) and without parameters under telling names. Placeholders stay.
 */
export function shownLiteral(text: string, isProvider: PlaceholderView['isProvider']): string {
  if (!text.includes(SCHEME)) return text
  const pieces = text.split(SCHEME)
  const shown = pieces.map((piece, i) => (i === 0 ? piece : withoutParameters(withoutCredentials(piece, isProvider))))
  return shown.join(SCHEME)
}

function withoutCredentials(piece: string, isProvider: PlaceholderView['isProvider']): string {
  const sign = piece.lastIndexOf('@')
  if (sign < 0) return piece
  const userInfo = piece.slice(0, sign)
  if (!isPlaceholders(userInfo)) return piece.slice(sign + 1)
  return `${shownPlaceholders(userInfo, { isSecret: true, isProvider })}${piece.slice(sign)}`
}

/** The passwords that are written out in the URIs of a text. */
export function uriPasswords(text: string): string[] {
  const userInfos = text
    .split(SCHEME)
    .slice(1)
    .map((piece) => piece.slice(0, Math.max(0, piece.lastIndexOf('@'))))
  return userInfos.map((userInfo) => userInfo.slice((/:|\/|%2f/i.exec(userInfo)?.index ?? userInfo.length) + 1))
}

/** Whether the password of a user information is nothing but placeholders; the user may be written out. */
function isPlaceholders(userInfo: string): boolean {
  const [user = '', ...passwords] = outsideOfPlaceholders(userInfo).split(/:|\/|%2f/i)
  return passwords.length === 0 ? user === '' : passwords.join('') === ''
}

function withoutParameters(piece: string): string {
  const question = piece.indexOf('?')
  if (question < 0) return piece
  const parameters = piece
    .slice(question + 1)
    .split('&')
    .map((each) => {
      const [name = '', ...value] = each.split('=')
      if (!isSecretName(name) || outsideOfPlaceholders(value.join('=')) === '') return each
      return `${name}=${HIDDEN}`
    })
  return `${piece.slice(0, question)}?${parameters.join('&')}`
}

/** What stands between the placeholders of a text. */
export function outsideOfPlaceholders(text: string): string {
  return parts(text)
    .filter(({ isPlaceholder }) => !isPlaceholder)
    .map(({ text: each }) => each)
    .join('')
}

/** How placeholders are shown. */
export interface PlaceholderView {
  /** All defaults are hidden, not only those of keys with telling names. */
  readonly isSecret: boolean
  /** Whether what stands before the colon names a provider: what follows is then no default. */
  readonly isProvider: (name: string) => boolean
}

/** A text with placeholders as it may be shown: as it is written, but without defaults that may be secrets. */
export function shownPlaceholders(text: string, view: PlaceholderView, depth = 0): string {
  return parts(text)
    .map((part) => (part.isPlaceholder ? shownPlaceholder(part.text, view, depth) : part.text))
    .join('')
}

function shownPlaceholder(text: string, view: PlaceholderView, depth: number): string {
  const colon = text.indexOf(':')
  if (colon < 0) return text
  const key = text.slice(2, colon).trim()
  if (view.isProvider(key)) return text
  const head = text.slice(0, colon + 1)
  const byDefault = text.slice(colon + 1, -1)
  const isSecret = view.isSecret || isSecretName(key)
  if (depth > NESTED_MAX || (isSecret && outsideOfPlaceholders(byDefault) !== '')) return `${head}${HIDDEN}}`
  return `${head}${shownPlaceholders(byDefault, { ...view, isSecret }, depth + 1)}}`
}

/** A text in pieces that are placeholders, and pieces that are none. */
function parts(text: string): { text: string; isPlaceholder: boolean }[] {
  const found: { text: string; isPlaceholder: boolean }[] = []
  let done = 0
  for (let next = text.indexOf('${'); next >= 0; next = text.indexOf('${', Math.max(done, next + 2))) {
    if (text[next - 1] === '\\') continue
    const end = closingBrace(text, next + 2)
    if (end < 0) break
    found.push({ text: text.slice(done, next), isPlaceholder: false })
    found.push({ text: text.slice(next, end + 1), isPlaceholder: true })
    done = end + 1
  }
  return [...found, { text: text.slice(done), isPlaceholder: false }]
}

/** The index of the brace that closes a placeholder whose content begins at `from`, or -1. */
export function closingBrace(text: string, from: number): number {
  let depth = 1
  for (let i = from; i < text.length; i++) {
    if (text[i] === '{' && text[i - 1] === '$') depth++
    else if (text[i] === '}' && --depth === 0) return i
  }
  return -1
}
