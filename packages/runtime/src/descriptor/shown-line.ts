import { type SecretMask } from '../log/secret-mask.ts'
import { isSecretName } from '../log/secret-name.ts'
import { shownLiteral } from '../log/shown-text.ts'
import { type SourceRange } from './source-file.ts'

const HIDDEN = '***'
const KEY_MAX = 256

/** How many lines above one are looked at for what it may belong to. */
const LINES_MAX = 1000

/**
 * A line of a descriptor or of a properties file as it may be shown. What was understood is hidden where it stands; in a file
 * that is broken a line is hidden from its first secret on, and whole where it may go on with one of a line above.
 */
export function shownLine(line: SourceRange, mask: SecretMask): string {
  const { text, holdsValues, isBroken = false } = line.file
  if (holdsValues === true) return keyOnly(text.slice(line.start, line.end))
  if (isBroken && belongsToSecret(line)) return HIDDEN
  const places = mask.hiddenIn(line)
  let shown = ''
  let done = line.start
  for (const { start, end, shown: instead } of places) {
    if (start < done && start >= line.start) continue
    shown += `${text.slice(done, Math.max(done, start))}${instead}`
    done = Math.min(end, line.end)
  }
  shown += text.slice(done, line.end)
  const isRead = places.length > 0
  return withoutSecretValues(isRead ? shown : shownLiteral(shown, isStandard), isBroken ? ALREADY_HIDDEN : NO_SECRET)
}

const ALREADY_HIDDEN = /^["']?\*\*\*|^\/\//
/**
 * What follows a key with a telling name and may be shown where the file was understood: what is hidden already, a placeholder,
 * the head of a text of several lines, a list or a map, whose values are hidden each. A password without quotes may begin like any of them.
 */
const NO_SECRET = /^["']?(?:\*\*\*|\$\{)|^\/\/|^[|>][-+\d]*\s*$|^\[|^\{\s*["']?[\w.-]+["']?\s*:/

const KEY = /^(?<indent>\s*(?:- +)*)["']?(?<key>[\w.-]+)["']?\s*:(?:\s|$)/

/** Whether a line stands below a key that names a secret, as far as indentation tells; one without a key belongs to the last key. */
function belongsToSecret({ file: { text }, start, end }: SourceRange): boolean {
  let indent = KEY.exec(text.slice(start, end))?.groups?.['indent']?.length ?? Infinity
  for (let i = 0, lineEnd = start - 1; i < LINES_MAX && lineEnd >= 0 && indent > 0; i++) {
    const lineStart = text.lastIndexOf('\n', lineEnd - 1) + 1
    const { key = '', indent: before = '' } = KEY.exec(text.slice(lineStart, lineEnd))?.groups ?? {}
    if (key !== '' && before.length < indent) {
      if (isSecretName(key)) return true
      indent = before.length
    }
    lineEnd = lineStart - 1
  }
  return false
}

function keyOnly(line: string): string {
  const key = /^\s*[\w.-]+\s*[:=]/.exec(line)?.[0] ?? ''
  return line.slice(key.length).trim() === '' ? line : `${key}${key === '' ? '' : ' '}${HIDDEN}`
}

function isStandard(provider: string): boolean {
  return ['file', 'env', 'cred'].includes(provider)
}

/** Hides what follows a key with a telling name, unless it is no secret. */
function withoutSecretValues(line: string, noSecret: RegExp): string {
  for (let at = 0; at < line.length; at++) {
    if (line[at] !== ':' && line[at] !== '=') continue
    const value = line.slice(at + 1, at + 1 + KEY_MAX).trimStart()
    if (value === '' || noSecret.test(value) || !isSecretName(keyBefore(line, at))) continue
    return `${line.slice(0, at + 1)} ${HIDDEN}`
  }
  return line
}

function keyBefore(line: string, end: number): string {
  const before = line
    .slice(Math.max(0, end - KEY_MAX), end)
    .trimEnd()
    .replace(/["']$/, '')
  return /[\w.-]*$/.exec(before)?.[0] ?? ''
}
