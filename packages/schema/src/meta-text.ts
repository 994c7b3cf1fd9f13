/** The `meta` annotations of Databus' schemas: `dbFieldName=id;dbFieldPosition=0;` as a map. */
export type SchemaMeta = Readonly<Record<string, string>>

/** What would end the value or be cut from it, and a percent sign that would be read as an escape. */
const ESCAPED = /[;=,]|^\s+|\s+$|(?! )\s|%(?=[0-9A-F]{2})/g
const ESCAPES = /(?:%[0-9A-F]{2})+/g

/**
 * A name as it stands in a meta: `;`, `=`, `,`, white space at either end and whatever of it is no space are written as
 * `%` and two capital hex digits for each byte of UTF-8. Whoever splits at `;` and `=`, as Databus does, goes on
 * with the escaped name. Names without these characters stand as they are.
 */
export function metaText(name: string): string {
  return name.replace(ESCAPED, (chars) => Array.from(Buffer.from(chars), hexEscape).join(''))
}

function hexEscape(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

/** `a=1;b=x=y;` as a map; whitespace around names and values does not count, escapes of values do. */
export function parseMeta(meta: unknown): SchemaMeta {
  if (typeof meta !== 'string') return {}
  const pairs = meta.split(';').flatMap((part) => {
    const equals = part.indexOf('=')
    return equals < 0 ? [] : [[part.slice(0, equals).trim(), unescaped(part.slice(equals + 1).trim())] as const]
  })
  return Object.fromEntries(pairs)
}

function unescaped(value: string): string {
  return value.replace(ESCAPES, (run) => {
    const text = Buffer.from(run.replaceAll('%', ''), 'hex').toString()
    return text.includes('\ufffd') ? run : text
  })
}
