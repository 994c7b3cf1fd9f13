const MASK = '***'
const URI_PASSWORD = /([a-z][a-z0-9+.-]*:\/\/[^\s:/@%]*)(:|%2[fF])([^\s@/]+)@/g
const NAMED_SECRET =
  /\b([\w.-]*(?:password|passwd|secret|token|api[-_]?key)["']?\s*[:=]\s*)(?!\$\{)(["']?)([^\s"',}&]+)\2/gi
const SECRET_NAME = /password|passwd|pwd|secret|token|credential|api[-_.]?key/i

/** Shorter values are not hidden where they stand alone: they would blot out ordinary words. */
const LENGTH_MIN = 4

/** Whether a key names something that must not be shown. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/**
 * Hides passwords in any text that leaves the process: those inside URIs, those behind a telling name, and the values
 * that were learned from placeholders with a telling name. One per launch.
 */
export class SecretMask {
  readonly #values = new Set<string>()
  #pattern: RegExp | undefined

  /** Hides this value wherever it stands as a word of its own. */
  learn(value: string): void {
    if (value.length < LENGTH_MIN || this.#values.has(value)) return
    this.#values.add(value)
    const words = [...this.#values].sort((a, b) => b.length - a.length).map(escapePattern)
    this.#pattern = new RegExp(`(?<![\\w.-])(?:${words.join('|')})(?![\\w-]|\\.\\w)`, 'g')
  }

  apply(text: string): string {
    const masked = text.replace(URI_PASSWORD, `$1$2${MASK}@`).replace(NAMED_SECRET, `$1$2${MASK}$2`)
    return this.#pattern === undefined ? masked : masked.replace(this.#pattern, MASK)
  }
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
