import { type XmlPlace } from './xml-parser.ts'

/** Something that a conversion could not carry over, or that deserves a look. */
export interface ConversionRemark extends XmlPlace {
  /** `left-out`: it is not in the output; `note`: it is, and somebody should look at it. */
  readonly kind: 'left-out' | 'note'
  readonly message: string
}

/** Collects the remarks of one conversion. */
export class ConversionReport {
  readonly #remarks: ConversionRemark[] = []

  leftOut(place: XmlPlace, message: string): void {
    this.#remarks.push({ kind: 'left-out', line: place.line, column: place.column, message })
  }

  note(place: XmlPlace, message: string): void {
    this.#remarks.push({ kind: 'note', line: place.line, column: place.column, message })
  }

  /** In the order of the file. */
  get remarks(): readonly ConversionRemark[] {
    return [...this.#remarks].sort((a, b) => a.line - b.line || a.column - b.column)
  }
}
