import { visibleJson } from './visible-text.ts'

/**
 * JSON whose integers keep all their digits. Node 20's `JSON.parse` offers no source text, so integers beyond 2^53 are
 * wrapped as strings before it and become bigints after it.
 */
const TOKEN = /"(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g
const MARK = '\u0000bigint:'

/** Parses JSON; an integer that a double can't hold exactly becomes a bigint. @throws SyntaxError */
export function parseJson(text: string): unknown {
  const wrapped = text.replace(TOKEN, (token) => {
    if (token.startsWith('"') || token.length < 16 || !/^-?\d+$/.test(token)) return token
    return Number.isSafeInteger(Number(token)) ? token : `"\\u0000bigint:${token}"`
  })
  return JSON.parse(wrapped, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  )
}

/** Writes JSON; bigints become plain integers with all their digits, and what a terminal would not show is escaped. */
export function formatJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === 'bigint' ? `${MARK}${item.toString()}` : item),
    indent,
  )
  return visibleJson(text.replace(/"\\u0000bigint:(-?\d+)"/g, '$1'))
}
