const LABEL = "'(?:[^'\\\\]|''|\\\\[\\\\nr0])*'"
const LABELS = new RegExp(`^(?:enum|set)\\((${LABEL}(?:,${LABEL})*)\\)`, 'i')
const ESCAPED: Readonly<Record<string, string>> = { "''": "'", '\\\\': '\\', '\\n': '\n', '\\r': '\r', '\\0': '\0' }

/**
 * The labels in a type as the server writes it, `enum('a','it''s')`. Under every sql_mode a quote is doubled, and a
 * backslash, a line feed, a carriage return and a NUL are `\\`, `\n`, `\r` and `\0`; everything else stands there as it is.
 * Undefined for whatever else is written there, as MySQL's `x'ff'` for a label that is no text.
 */
export function labelsOf(type: string): string[] | undefined {
  const [, list] = LABELS.exec(type) ?? []
  if (list === undefined) return undefined
  return Array.from(list.matchAll(new RegExp(LABEL, 'g')), ([label]) => {
    return label.slice(1, -1).replace(/''|\\[\s\S]/g, (escape) => ESCAPED[escape] ?? escape)
  })
}
