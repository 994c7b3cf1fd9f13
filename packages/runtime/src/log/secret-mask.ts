import { isIP } from 'node:net'
import type { SourceFile, SourceRange } from '../descriptor/source-file.ts'
import { withoutUserInfo } from './shown-text.ts'

const HIDDEN = '***'

/** Shorter texts are not looked for in texts of others: they would blot out ordinary words. */
const LENGTH_MIN = 8

/** A part of a file, and what is shown in its place. */
export interface HiddenPlace {
  readonly start: number
  readonly end: number
  readonly shown: string
}

/** Something known, what is shown in its place, and where it stands next; -1: nowhere any more. */
interface Hit {
  readonly known: string
  readonly shown: string
  at: number
}

/**
 * Replaces, in texts that others wrote (errors of a driver, stacks, messages of a log), what the descriptors of a launch
 * got from outside or hide. Its time grows with the length of the text, whatever stands in it. One per launch.
 */
export class SecretMask {
  readonly #shown = new Map<string, string>()
  readonly #places = new WeakMap<SourceFile, Map<number, HiddenPlace>>()

  /** Replaces this text wherever it stands, by what may be shown instead: the placeholder that it came from. */
  learn(text: string, shown = HIDDEN): void {
    for (const each of spellings(text)) {
      if (each.length < LENGTH_MIN || this.#shown.has(each) || isIP(each) !== 0 || each === 'localhost') continue
      this.#shown.set(each, shown)
    }
  }

  /** Shows something else in the place of a part of a file. */
  hideAt({ file, start, end }: SourceRange, shown: string): void {
    const places = this.#places.get(file) ?? new Map<number, HiddenPlace>()
    this.#places.set(file, places.set(start, { start, end, shown }))
  }

  /** What is hidden in a part of a file, in its order. */
  hiddenIn({ file, start, end }: SourceRange): HiddenPlace[] {
    const places = [...(this.#places.get(file)?.values() ?? [])]
    return places.filter((each) => each.start < end && each.end > start).sort((a, b) => a.start - b.start)
  }

  apply(text: string): string {
    return withoutUserInfo(this.#replace(text))
  }

  /** The first of what is known is looked for, the longest where several begin; what replaces it is not looked at again. */
  #replace(text: string): string {
    const open: Hit[] = []
    for (const [known, shown] of this.#shown) {
      const at = text.indexOf(known)
      if (at >= 0) open.push({ known, shown, at })
    }
    if (open.length === 0) return text
    let result = ''
    let done = 0
    for (;;) {
      let first: Hit | undefined
      for (const hit of open) {
        if (hit.at >= 0 && hit.at < done) hit.at = text.indexOf(hit.known, done)
        if (hit.at < 0) continue
        const isFirst = first === undefined || hit.at < first.at
        if (isFirst || (hit.at === first?.at && hit.known.length > first.known.length)) first = hit
      }
      if (first === undefined) return result + text.slice(done)
      result += text.slice(done, first.at) + first.shown
      done = first.at + first.known.length
    }
  }
}

/** A text as others may write it: inside of a URI, of JSON, or line by line. */
function spellings(text: string): Set<string> {
  const lines = text.split(/\r?\n/)
  const found = [
    text,
    text.trim(),
    ...(lines.length > 1 ? lines.map((line) => line.trim()) : []),
    coded(text, decodeURIComponent),
  ]
  return new Set(found.flatMap((each) => [each, JSON.stringify(each).slice(1, -1), coded(each, encodeURIComponent)]))
}

function coded(text: string, by: (text: string) => string): string {
  try {
    return by(text)
  } catch {
    // Half a character pair, or a sign of a percentage: nobody writes it in that form.
    return text
  }
}
