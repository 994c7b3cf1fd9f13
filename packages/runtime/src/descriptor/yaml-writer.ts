import { formatJson, visibleText } from '@aesop/kernel'

/** A tree on its way to YAML; a note becomes a comment at the end of its line. */
export type YamlNode =
  | { readonly kind: 'scalar'; readonly value: YamlScalar; readonly note?: string | undefined }
  | { readonly kind: 'list'; readonly items: readonly YamlNode[]; readonly note?: string | undefined }
  | {
      readonly kind: 'map'
      readonly entries: readonly (readonly [string, YamlNode])[]
      readonly note?: string | undefined
    }

/** `bare` is written as it is: text of which only the reader of a placeholder knows the type. */
export type YamlScalar = null | boolean | number | bigint | string | { readonly bare: string }

const INLINE_MAX = 70
const PLAIN = /^[A-Za-z_./$][\w ./$%@:+=~^()&?;#-]*$/
const NOT_PLAIN = /: |:$| #| $|^\.(?:\d|inf|nan)|^(?:null|true|false)$/i
const BARE = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?|true|false)$/

/** Writes a tree as YAML 1.2, in lines without a trailing newline. Reading it again gives the same tree. */
export function writeYaml(node: YamlNode): string {
  return blockLines(node).join('\n')
}

function blockLines(node: YamlNode): string[] {
  const inline = inlineText(node)
  if (inline !== undefined) return [inline + comment(node)]
  if (node.kind === 'list') return node.items.flatMap((item) => prefixed('- ', '  ', blockLines(item)))
  if (node.kind === 'map') return node.entries.flatMap(([key, value]) => entryLines(key, value))
  return []
}

function entryLines(key: string, value: YamlNode): string[] {
  const name = keyText(key)
  const inline = inlineText(value)
  if (inline !== undefined) return [`${name}: ${inline}${comment(value)}`]
  return [`${name}:${comment(value)}`, ...blockLines(value).map((line) => `  ${line}`)]
}

function prefixed(first: string, rest: string, lines: readonly string[]): string[] {
  return lines.map((line, i) => (i === 0 ? first : rest) + line)
}

function comment(node: YamlNode): string {
  return node.note === undefined ? '' : `  # ${visibleText(node.note)}`
}

/** The text of a node that fits into one line and has no notes inside. */
function inlineText(node: YamlNode): string | undefined {
  if (node.kind === 'scalar') return scalarText(node.value)
  if (node.kind === 'list') {
    const texts = node.items.map((item) => (item.note === undefined ? leafText(item) : undefined))
    return fits(texts, '[', ']')
  }
  const texts = node.entries.map(([key, value]) => {
    const text = value.note === undefined ? leafText(value) : undefined
    return text === undefined ? undefined : `${keyText(key)}: ${text}`
  })
  return node.entries.length > 3 ? undefined : fits(texts, '{ ', ' }')
}

function leafText(node: YamlNode): string | undefined {
  if (node.kind === 'scalar') return scalarText(node.value)
  if (node.kind === 'list') return node.items.length === 0 ? '[]' : undefined
  return node.entries.length === 0 ? '{}' : undefined
}

function fits(texts: readonly (string | undefined)[], open: string, close: string): string | undefined {
  if (texts.includes(undefined)) return undefined
  if (texts.length === 0) return (open + close).replace(/ /g, '')
  const text = open + texts.join(', ') + close
  return text.length <= INLINE_MAX ? text : undefined
}

function keyText(key: string): string {
  return BARE.test(key) && String(Number(key)) === key ? key : scalarText(key)
}

/** A scalar as YAML; `${` in plain text is escaped, so that it is no placeholder. */
export function scalarText(value: YamlScalar): string {
  if (value === null) return 'null'
  if (typeof value === 'object') return BARE.test(value.bare) ? value.bare : scalarText(value.bare)
  if (typeof value !== 'string') return String(value)
  return PLAIN.test(value) && !NOT_PLAIN.test(value) ? value : formatJson(value)
}
