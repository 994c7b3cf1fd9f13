import { Secret } from '@aesop/kernel'
import { type PropertySchema } from '../component.ts'
import { type SecretMask } from '../log/secret-mask.ts'
import { isSecretName } from '../log/secret-name.ts'
import { outsideOfPlaceholders, shownLiteral, shownPlaceholders, uriPasswords } from '../log/shown-text.ts'
import { type Scalar, type ScalarValue } from './definition.ts'
import { typesOf } from './scalar-conversion.ts'
import { isSecretSchema } from './schema-words.ts'

const HIDDEN = '***'
const PROPERTIES = '.properties.'

/** A scalar as people and machines may see it. */
export interface ShownScalar {
  readonly value: Scalar
  /** The text is one with placeholders. */
  readonly isTemplate: boolean
  /** What of it is not shown: all, or the part of a URI, or of a default. */
  readonly hidden?: 'all' | 'part'
}

/**
 * What may be shown of the scalars of a descriptor. Text with placeholders is shown as it is written, numbers, booleans
 * and words of an enumeration with their value; of other text, secrets are hidden, by the schema or by the key.
 */
export class Disclosure {
  readonly #mask: SecretMask
  readonly #isProvider: (name: string) => boolean
  readonly #open = new Map<ScalarValue, Scalar>()
  readonly #secret = new Set<ScalarValue>()
  readonly #settings = new Set<string>()

  constructor(mask: SecretMask, isProvider: (name: string) => boolean) {
    this.#mask = mask
    this.#isProvider = isProvider
  }

  /** Options of `--set` that gave secrets. */
  get secretSettings(): ReadonlySet<string> {
    return this.#settings
  }

  /** Takes over what the schema says of a scalar. @param converted its value as the property wants it */
  note(scalar: ScalarValue, schema: PropertySchema, converted: Scalar): void {
    if (isSecretSchema(schema)) this.#secret.add(scalar)
    else if (isOpen(schema, converted)) this.#open.set(scalar, scalar.written === undefined ? scalar.value : converted)
    const shown = this.shownOf(scalar)
    if (!this.#open.has(scalar) && typeof scalar.value !== 'boolean') this.#learn(scalar, shown)
    if (shown.hidden !== undefined) this.#mask.hideAt(scalar.at, String(shown.value))
  }

  /** What a bean gets for a property whose schema says `secret: true`. */
  secretOf(scalar: ScalarValue): Secret {
    const shown = String(this.shownOf(scalar).value)
    return new Secret(scalar.readAgain ?? String(scalar.value), shown)
  }

  shownOf(scalar: ScalarValue): ShownScalar {
    const { value, written } = scalar
    const open = this.#open.get(scalar)
    if (open !== undefined || value === null) return { value: open ?? null, isTemplate: false }
    const isSecret = this.#isSecret(scalar)
    if (written !== undefined) return this.#shownTemplate(written, isSecret)
    if (isSecret && typeof value !== 'boolean') return { value: HIDDEN, isTemplate: false, hidden: 'all' }
    if (typeof value !== 'string') return { value, isTemplate: false }
    const shown = shownLiteral(value, this.#isProvider)
    return { value: shown, isTemplate: false, ...(shown === value ? {} : { hidden: 'part' }) }
  }

  /** A value of `properties`, by its key. */
  shownProperty(key: string, written: string): ShownScalar {
    if (written.includes('${')) return this.#shownTemplate(written, isSecretName(key))
    if (isSecretName(key)) return { value: HIDDEN, isTemplate: false, hidden: 'all' }
    const shown = shownLiteral(written, this.#isProvider)
    return { value: shown, isTemplate: false, ...(shown === written ? {} : { hidden: 'part' }) }
  }

  #shownTemplate(written: string, isSecret: boolean): ShownScalar {
    if (isSecret && outsideOfPlaceholders(written) !== '') return { value: HIDDEN, isTemplate: false, hidden: 'all' }
    const view = { isSecret, isProvider: this.#isProvider }
    const shown = shownPlaceholders(shownLiteral(written, this.#isProvider), view)
    return { value: shown, isTemplate: true, ...(shown === written ? {} : { hidden: 'part' }) }
  }

  #isSecret(scalar: ScalarValue): boolean {
    return this.#secret.has(scalar) || isSecretName(keysOf(scalar.path))
  }

  #learn(scalar: ScalarValue, shown: ShownScalar): void {
    const { written, outside = [] } = scalar
    const text = String(scalar.value)
    const isSecret = this.#isSecret(scalar)
    for (const { placeholder, text: from, origin } of outside) {
      if (written !== undefined) this.#mask.learn(from, placeholder)
      if (isSecret && origin.startsWith('--set ')) this.#settings.add(origin.slice('--set '.length))
    }
    if (isSecret) this.#mask.learn(text, String(shown.value))
    for (const password of uriPasswords(text)) this.#mask.learn(password)
  }
}

/** Whether a value has so few possibilities that it may be shown: a number, a boolean, a word that the schema lists. */
function isOpen(schema: PropertySchema, value: Scalar): boolean {
  const words = schema['enum']
  if ((Array.isArray(words) && words.includes(value)) || ('const' in schema && schema['const'] === value)) return true
  const types = typesOf(schema)
  if (typeof value === 'boolean') return types.includes('boolean')
  return typeof value !== 'string' && value !== null && (types.includes('integer') || types.includes('number'))
}

/** The keys that lead from the bean to a value: everything below a key that names a secret is one. */
function keysOf(path: string): string {
  const properties = path.lastIndexOf(PROPERTIES)
  return properties < 0 ? path.slice(path.indexOf('.') + 1) : path.slice(properties + PROPERTIES.length)
}
