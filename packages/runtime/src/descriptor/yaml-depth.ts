/** More levels than this no descriptor has; the parser of YAML ends the process at some thousands. */
export const LEVELS_MAX = 500

/**
 * Where a text goes deeper than the parser can follow, before it is parsed; undefined where it does not. It counts
 * brackets, indentation and dashes, whether they stand in quotes or not, so that it needs one pass.
 */
export function tooDeepAt(text: string): number | undefined {
  const indents: number[] = []
  let brackets = 0
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    const { indent, dashes, first } = beginningOf(text, start, end)
    if (first < end) {
      while ((indents.at(-1) ?? -1) >= indent) indents.pop()
      indents.push(indent)
    }
    if (indents.length + dashes > LEVELS_MAX) return first
    for (let at = first; at < end; at++) {
      const letter = text[at]
      if (letter === '[' || letter === '{') brackets++
      else if ((letter === ']' || letter === '}') && brackets > 0) brackets--
      if (brackets > LEVELS_MAX) return at
    }
    start = end + 1
  }
  return undefined
}

/** The spaces before a line, the signs of collections (`- - ? `) at its beginning, and what follows. */
function beginningOf(text: string, start: number, end: number): { indent: number; dashes: number; first: number } {
  let at = start
  while (at < end && text[at] === ' ') at++
  const indent = at - start
  let dashes = 0
  while (at < end && '-?:'.includes(text.charAt(at)) && ' \t\r'.includes(text.charAt(at + 1))) {
    dashes++
    at++
    while (at < end && ' \t'.includes(text.charAt(at))) at++
  }
  return { indent, dashes, first: at }
}
