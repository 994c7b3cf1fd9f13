import { type SecretMask } from '../log/secret-mask.ts'
import { isSecretName } from '../log/secret-name.ts'
import { shownLiteral } from '../log/shown-text.ts'
import { type SourceRange } from './source-file.ts'

const HIDDEN = '***'
const KEY_MAX = 256

/**
 * A line of a descriptor or of a properties file as it may be shown. What was understood is hidden where it stands; a line
 * that was not (its file is broken) is hidden from its first secret on.
 */
export function shownLine(line: SourceRange, mask: SecretMask): string {
  const { text, holdsValues } = line.file
  if (holdsValues === true) return keyOnly(text.slice(line.start, line.end))
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
  return withoutSecretValues(isRead ? shown : shownLiteral(shown, isStandard))
}

function keyOnly(line: string): string {
  const key = /^\s*[\w.-]+\s*[:=]/.exec(line)?.[0] ?? ''
  return line.slice(key.length).trim() === '' ? line : `${key}${key === '' ? '' : ' '}${HIDDEN}`
}

function isStandard(provider: string): boolean {
  return ['file', 'env', 'cred'].includes(provider)
}

/** Hides what follows a key with a telling name, unless it is an expression, a placeholder or hidden already. */
function withoutSecretValues(line: string): string {
  for (let at = 0; at < line.length; at++) {
    if (line[at] !== ':' && line[at] !== '=') continue
    const value = line.slice(at + 1, at + 1 + KEY_MAX).trimStart()
    if (value === '' || /^["']?(?:\*\*\*|\$\{)|^[{[|>&*#/]/.test(value) || !isSecretName(keyBefore(line, at))) continue
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
