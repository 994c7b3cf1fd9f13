import { basename } from 'node:path'
import { LineCounter } from 'yaml'
import { type FoundProperty } from './property-lookup.ts'
import { type PropertiesFile } from './properties-file.ts'
import { type SourceFile, type SourceRange } from './source-file.ts'

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

/**
 * Understands the text of a `.properties` file: `key=value`, `key: value` or `key value`; comments begin with `#` or
 * `!`; a backslash at the end of a line continues it. A key that occurs twice has its last value, as in Java.
 */
export function parseJavaProperties(path: string, text: string): PropertiesFile {
  const lines = new LineCounter()
  lines.addNewLine(0)
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1)
  const source: SourceFile = { path, text, lines, holdsValues: true }
  const values = new Map<string, FoundProperty>()
  const places = new Map<string, SourceRange>()
  for (const { line, start } of logicalLines(text)) {
    const match = /^((?:\\.|[^\\=:\s])*)\s*[=:]?\s*/.exec(line)
    const written = match?.[1] ?? ''
    if (written === '') continue
    const key = unescape(written)
    values.set(key, { value: unescape(line.slice(match?.[0].length)), origin: basename(path), isTemplate: true })
    places.set(key, { file: source, start, end: start + written.length })
  }
  return { path, values, places }
}

/** Lines without comments, joined where they are continued; `start` is the place of the first character. */
function* logicalLines(text: string): Generator<{ line: string; start: number }> {
  let joined = ''
  let start = 0
  let offset = 0
  for (const raw of text.split('\n')) {
    const content = raw.replace(/\r$/, '').trimStart()
    const indent = raw.indexOf(content)
    if (joined === '') start = offset + Math.max(0, indent)
    offset += raw.length + 1
    if (joined === '' && /^(?:[#!]|$)/.test(content)) continue
    if (/(?:^|[^\\])(?:\\\\)*\\$/.test(content)) {
      joined += content.slice(0, -1)
      continue
    }
    yield { line: joined + content, start }
    joined = ''
  }
  if (joined !== '') yield { line: joined, start }
}

function unescape(text: string): string {
  return text.replace(/\\(?:u([\da-fA-F]{4})|(.))/g, (_whole, code: string | undefined, letter: string | undefined) =>
    code === undefined ? (ESCAPES[letter ?? ''] ?? letter ?? '') : String.fromCharCode(Number.parseInt(code, 16)),
  )
}
