/** A piece of a statement. `name`: a word, or what stands in backticks or double quotes; `text`: what stands in single quotes. */
export interface SqlToken {
  readonly kind: 'name' | 'text' | 'sign'
  /** A quoted name without its quotes. */
  readonly value: string
  /** A word without quotes: it may be a keyword. In capitals; '' for everything else. */
  readonly word: string
}

const TOKEN = new RegExp(
  [
    '\\s+|/\\*(?![!M])[\\s\\S]*?(?:\\*/|$)|/\\*M?!\\d*|\\*/|--(?=\\s|$)[^\\n]*|#[^\\n]*',
    '(`(?:[^`]|``)*(?:`|$))',
    '("(?:[^"]|"")*(?:"|$))',
    "('(?:[^'\\\\]|\\\\[\\s\\S]|'')*(?:'|$))",
    '([\\w$\\u0080-\\uffff]+)',
    '([\\s\\S])',
  ].join('|'),
  'g',
)

/**
 * The pieces of a statement, one after the other. Comments are left out, what stands in executable ones counts. Double quotes
 * stand around names, as in sql_mode ANSI_QUOTES: where they stand around a text, it is taken for a name that nobody has.
 */
export function* sqlTokens(sql: string): Generator<SqlToken> {
  for (const [, backticked, quoted, text, word, sign] of sql.matchAll(TOKEN)) {
    const name = backticked ?? quoted
    if (name !== undefined) yield { kind: 'name', value: unquoted(name), word: '' }
    else if (text !== undefined) yield { kind: 'text', value: text, word: '' }
    else if (word !== undefined) yield { kind: 'name', value: word, word: word.toUpperCase() }
    else if (sign !== undefined) yield { kind: 'sign', value: sign, word: '' }
  }
}

/** Within its own quotes a quote is doubled. */
function unquoted(name: string): string {
  const quote = name.charAt(0)
  return name.slice(1, name.endsWith(quote) && name.length > 1 ? -1 : undefined).replaceAll(quote + quote, quote)
}
