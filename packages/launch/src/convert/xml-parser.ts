import { XmlSyntaxError } from '../errors.ts'

/** A place in the text; both numbers count from 1. */
export interface XmlPlace {
  readonly line: number
  readonly column: number
}

export interface XmlElement extends XmlPlace {
  /** As written, with its prefix. */
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  /** The text directly inside, entities resolved, comments left out. */
  readonly text: string
}

interface Open extends XmlElement {
  readonly children: XmlElement[]
  text: string
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const NAME = /[A-Za-z_][\w.:-]*/y
const SPACE = /\s*/y
const NESTED_MAX = 200

/**
 * Parses the XML that configuration files use: elements, attributes, text, CDATA, comments, a prolog and a document
 * type, which is skipped. Entities that a document defines itself are refused, and elements that are nested more than 200
 * deep: whoever walks through them may recurse.
 * @throws XmlSyntaxError with the place
 */
export function parseXml(text: string): XmlElement {
  return new XmlParser(text).parse()
}

class XmlParser {
  readonly #text: string
  #at = 0
  #lineStart = 0
  #line = 1
  #countedTo = 0

  constructor(text: string) {
    this.#text = text.startsWith('\uFEFF') ? text.slice(1) : text
  }

  parse(): XmlElement {
    const open: Open[] = []
    let root: Open | undefined
    while (this.#at < this.#text.length) {
      const top = open[open.length - 1]
      if (this.#skipMarkup(top)) continue
      if (this.#text.startsWith('</', this.#at)) {
        this.#close(open)
      } else if (this.#text[this.#at] === '<') {
        const { element, isEmpty } = this.#openTag()
        if (top === undefined && root !== undefined) this.#fail('there are two root elements', element)
        root ??= element
        top?.children.push(element)
        if (!isEmpty) open.push(element)
        if (open.length > NESTED_MAX) this.#fail(`elements are nested more than ${NESTED_MAX} deep`, element)
      } else this.#readText(top)
    }
    const last = open[open.length - 1]
    if (last !== undefined) this.#fail(`<${last.name}> is not closed`, last)
    return root ?? this.#fail('there is no element', { line: 1, column: 1 })
  }

  /** Comments, processing instructions, the document type and CDATA. */
  #skipMarkup(top: Open | undefined): boolean {
    if (this.#text.startsWith('<!--', this.#at)) this.#skipTo('-->', 'a comment')
    else if (this.#text.startsWith('<?', this.#at)) this.#skipTo('?>', 'an instruction')
    else if (this.#text.startsWith('<![CDATA[', this.#at)) {
      const from = this.#at + 9
      this.#skipTo(']]>', 'a CDATA section')
      if (top !== undefined) top.text += this.#text.slice(from, this.#at - 3)
    } else if (this.#text.startsWith('<!DOCTYPE', this.#at)) this.#skipDocumentType()
    else return false
    return true
  }

  #skipTo(end: string, what: string): void {
    const found = this.#text.indexOf(end, this.#at)
    if (found < 0) this.#fail(`${what} is not closed`)
    this.#at = found + end.length
  }

  #skipDocumentType(): void {
    const close = this.#text.indexOf('>', this.#at)
    const bracket = this.#text.indexOf('[', this.#at)
    if (bracket >= 0 && bracket < close) this.#fail('a document type with definitions of its own is not read')
    this.#skipTo('>', 'the document type')
  }

  #openTag(): { element: Open; isEmpty: boolean } {
    const place = this.#place()
    this.#at++
    const name = this.#match(NAME) || this.#fail('"<" begins no element')
    const attributes = new Map<string, string>()
    for (;;) {
      const hasSpace = this.#match(SPACE) !== ''
      if (this.#take('/>')) return { element: { name, attributes, children: [], text: '', ...place }, isEmpty: true }
      if (this.#take('>')) return { element: { name, attributes, children: [], text: '', ...place }, isEmpty: false }
      if (!hasSpace) this.#fail(`<${name}> is not closed`)
      this.#attribute(name, attributes)
    }
  }

  #attribute(element: string, attributes: Map<string, string>): void {
    const key = this.#match(NAME) || this.#fail(`<${element}> has something that is no attribute`)
    this.#match(SPACE)
    if (!this.#take('=')) this.#fail(`the attribute ${key} has no value`)
    this.#match(SPACE)
    const quote = this.#text.charAt(this.#at)
    if (quote !== '"' && quote !== "'") this.#fail(`the value of ${key} is not in quotes`)
    const end = this.#text.indexOf(quote, this.#at + 1)
    if (end < 0) this.#fail(`the value of ${key} is not closed`)
    if (attributes.has(key)) this.#fail(`the attribute ${key} is given twice`)
    attributes.set(key, this.#resolve(this.#text.slice(this.#at + 1, end).replace(/[\t\r\n]/g, ' ')))
    this.#at = end + 1
  }

  #close(open: Open[]): void {
    const place = this.#place()
    this.#at += 2
    const name = this.#match(NAME)
    this.#match(SPACE)
    if (!this.#take('>')) this.#fail(`</${name} is not closed`, place)
    const last = open.pop()
    if (last?.name === name) return
    const expected = last === undefined ? 'nothing is open' : `<${last.name}> of line ${last.line} is open`
    this.#fail(`</${name}> closes nothing: ${expected}`, place)
  }

  #readText(top: Open | undefined): void {
    const next = this.#text.indexOf('<', this.#at)
    const end = next < 0 ? this.#text.length : next
    const text = this.#text.slice(this.#at, end)
    if (top === undefined && text.trim() !== '') this.#fail('there is text outside of the root element')
    if (top !== undefined) top.text += this.#resolve(text)
    this.#at = end
  }

  #resolve(text: string): string {
    return text.replace(/&([^;&\s]*);?/g, (whole, name: string) => {
      const code = /^#(?:x([\da-f]+)|(\d+))$/i.exec(name)
      const point =
        code === null ? Number.NaN : Number.parseInt(code[1] ?? code[2] ?? '', code[1] === undefined ? 10 : 16)
      const found = point <= 0x10ffff ? String.fromCodePoint(point) : ENTITIES[name]
      return found !== undefined && whole.endsWith(';') ? found : this.#fail(`the entity "${whole}" is not known`)
    })
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #take(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false
    this.#at += word.length
    return true
  }

  #place(): XmlPlace {
    for (let i = this.#countedTo; i < this.#at; i++) {
      if (this.#text[i] !== '\n') continue
      this.#line++
      this.#lineStart = i + 1
    }
    this.#countedTo = Math.max(this.#countedTo, this.#at)
    return { line: this.#line, column: this.#at - this.#lineStart + 1 }
  }

  #fail(message: string, place: XmlPlace = this.#place()): never {
    throw new XmlSyntaxError(message, place.line, place.column)
  }
}
