import { PathInvalidError } from './errors.ts'

/** As the servers check it: controls, halves of pairs and private signs, specials, and all that needs a pair. */
const FORBIDDEN = /[\p{Cc}\ud800-\uf8ff\ufff0-\uffff\u{10000}-\u{10ffff}]/u

/** @throws PathInvalidError */
function checkPath(path: string): void {
  const fault = faultOf(path)
  if (fault !== undefined) throw PathInvalidError.of(path, fault)
}

function faultOf(path: string): string | undefined {
  if (!path.startsWith('/')) return 'does not begin with /'
  if (FORBIDDEN.test(path)) return 'has a character that no path may have'
  if (path === '/') return undefined
  const names = path.slice(1).split('/')
  if (names.some((name) => name === '')) return 'has an empty name'
  if (names.some((name) => name === '.' || name === '..')) return 'has a name that is . or ..'
  return undefined
}

/** The node that all paths of a session are below; '' when they are whole. */
export class Chroot {
  readonly #prefix: string

  /** @throws PathInvalidError */
  constructor(prefix: string) {
    if (prefix !== '') checkPath(prefix)
    this.#prefix = prefix === '/' ? '' : prefix
  }

  /** The server's path of one that the session says. @throws PathInvalidError */
  whole(path: string): string {
    checkPath(path)
    return this.#below(path)
  }

  /** The same for the beginning of a path that the server completes: it may end with `/`. */
  wholeOfSequence(path: string): string {
    checkPath(`${path}0`)
    return this.#below(path)
  }

  /** The session's path of one that the server says. */
  own(path: string): string {
    if (path === this.#prefix) return '/'
    return path.startsWith(`${this.#prefix}/`) ? path.slice(this.#prefix.length) : path
  }

  #below(path: string): string {
    if (this.#prefix === '') return path
    return path === '/' ? this.#prefix : this.#prefix + path
  }
}
