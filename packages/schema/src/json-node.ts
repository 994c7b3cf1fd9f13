/** A number as it was written: `1` and `1.0` are two texts of one value. */
export class JsonNumber {
  readonly literal: string

  constructor(literal: string) {
    this.literal = literal
  }
}

/** JSON with what `JSON.parse` loses: the order of members whose names are digits, and how numbers are written. */
export type JsonNode = string | boolean | null | JsonNumber | readonly JsonNode[] | JsonObject
export type JsonObject = ReadonlyMap<string, JsonNode>

const TOKEN = /[ \t\r\n]*("(?:[^"\\]|\\.)*"|[-+.\w]+|[{}[\],:])/y

/** A member that stands twice has the place of the first and the value of the last. @throws SyntaxError */
export function parseJsonNode(text: string): JsonNode {
  // Whether it is JSON at all is for those who know best; what follows meets no fault.
  JSON.parse(text)
  let at = 0
  const next = (): string => {
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text)?.[1] ?? ''
    at = TOKEN.lastIndex
    return token
  }
  const read = (token: string): JsonNode => {
    if (token === '{') return readObject(next, read)
    if (token === '[') return readArray(next, read)
    const value = JSON.parse(token) as string | number | boolean | null
    return typeof value === 'number' ? new JsonNumber(token) : value
  }
  return read(next())
}

type Next = () => string
type Read = (token: string) => JsonNode

function readArray(next: Next, read: Read): JsonNode[] {
  const items: JsonNode[] = []
  for (let token = next(); token !== ']'; token = next()) if (token !== ',') items.push(read(token))
  return items
}

function readObject(next: Next, read: Read): JsonObject {
  const members = new Map<string, JsonNode>()
  for (let token = next(); token !== '}'; token = next()) {
    if (token === ',') continue
    next()
    members.set(JSON.parse(token) as string, read(next()))
  }
  return members
}

export function isJsonObject(node: JsonNode | undefined): node is JsonObject {
  return node instanceof Map
}

export function isJsonArray(node: JsonNode | undefined): node is readonly JsonNode[] {
  return Array.isArray(node)
}
