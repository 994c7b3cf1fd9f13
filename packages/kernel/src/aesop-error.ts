/** What every error of one cause has in common; one entry of `docs/errors.md` and of `aesop-launch explain`. */
export interface ErrorKind {
  /** Stable name, `AESOP_<AREA>_<CAUSE>`. */
  readonly code: `AESOP_${string}`
  /** What it means, in one or two sentences. */
  readonly meaning: string
  /** What the reader can do about it. */
  readonly remedy: string
  /** Whether the same attempt may succeed later without anybody changing anything. Retry loops ask only this. */
  readonly canRetry: boolean
}

/** A class of errors with one cause. Each package lists its own in `errors.ts`; the lists together are the catalogue. */
export interface AesopErrorClass {
  readonly kind: ErrorKind
}

export interface AesopErrorOptions {
  readonly cause?: unknown
  /** Structured facts (scn, sourceId, bean …) for logs and machines; never secrets, never row data. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** Replaces the remedy of the kind where the place knows better. */
  readonly remedy?: string
}

/** Marks errors of every copy of this module that a process may have loaded. */
const BRAND = Symbol.for('aesop.error')

/**
 * The base of every error that a user may see. The message says what failed, the value, what was expected and where;
 * the remedy is kept apart so that each display can place it.
 */
export class AesopError extends Error {
  readonly code: string
  readonly canRetry: boolean
  readonly remedy: string
  readonly fields: Readonly<Record<string, unknown>>

  constructor(kind: ErrorKind, message: string, options: AesopErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = kind.code
    this.canRetry = kind.canRetry
    this.remedy = options.remedy ?? kind.remedy
    this.fields = options.fields ?? {}
  }

  /**
   * Makes `instanceof` ask for the code where a class has one of its own, so that it holds across copies of a package: a
   * user's package may bring another copy of it than the launch that runs it.
   */
  static override [Symbol.hasInstance](thrown: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, thrown)) return true
    if (!isBranded(thrown)) return false
    return this === AesopError || (hasKind(this) && thrown.code === this.kind.code)
  }

  get [BRAND](): true {
    return true
  }
}

function isBranded(thrown: unknown): thrown is { readonly code: unknown } {
  return typeof thrown === 'object' && thrown !== null && BRAND in thrown
}

/** Whether the class stands for one cause; a base of several has no kind. */
function hasKind(errorClass: object): errorClass is AesopErrorClass {
  return Object.hasOwn(errorClass, 'kind')
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** The system's code of an error (`ENOENT`, `EADDRINUSE`), or undefined. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined
  return typeof thrown.code === 'string' ? thrown.code : undefined
}
