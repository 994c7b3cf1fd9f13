/** How large a JSON text is, before anybody makes objects of it. */
export interface JsonShape {
  /** How deep objects and arrays lie in one another. */
  readonly depth: number
  /** How many of both there are. */
  readonly containers: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** One look at each character; of a text that is no JSON it says something between nothing and the truth. */
export function jsonShape(text: string): JsonShape {
  let depth = 0
  let deepest = 0
  let containers = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at + 1)
    // An opening bracket or brace, which differ from the closing ones by two.
    else if (code === 0x5b || code === 0x7b) {
      containers++
      deepest = Math.max(deepest, ++depth)
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return { depth: deepest, containers }
}

/** The place of the quotation mark that ends a string, or the end of the text. */
function endOfString(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at
  }
  return text.length
}
