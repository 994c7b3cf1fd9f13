import { nearestName } from '@aesop/kernel'
import { DescriptorKeyUnknownError, DescriptorKeyUnsupportedError, DescriptorShapeError } from '../errors.ts'
import { type ProblemList } from './descriptor-error.ts'
import { type RawEntry } from './raw-entry.ts'
import { suggestion } from './suggestion.ts'

/** A mapping with exactly one of these keys is an expression; every other mapping means itself. */
export const DISCRIMINATORS = ['ref', 'class', 'parent', 'const', 'map', 'value'] as const

export type ExpressionKind = (typeof DISCRIMINATORS)[number]

/** Keys that any definition at the top level may have besides. */
const TOP_KEYS = ['when', 'abstract']
const BEAN_KEYS = [
  'class',
  'parent',
  'merge',
  'factory',
  'properties',
  'args',
  'init',
  'destroy',
  'dependsOn',
  'description',
  'id',
]
const KEYS_BY_EXPRESSION: Readonly<Record<ExpressionKind, readonly string[]>> = {
  ref: ['ref', 'get', 'call', 'description'],
  class: BEAN_KEYS,
  parent: BEAN_KEYS,
  const: ['const', 'description'],
  map: ['map', 'keys', 'description'],
  value: ['value', 'description'],
}
/** Keys of other bean languages, and what to do without them. */
const OTHER_LANGUAGES: Readonly<Record<string, string>> = {
  scope: 'every bean is made once; a factory class makes as many objects as it is asked for',
  lazy: 'every bean is made at the start, so that its errors show there',
  autowire: 'name what a bean needs with { ref: id }',
  aliases: 'give the other name a definition of its own: { ref: id }',
  phase: 'the order of the start follows from references and dependsOn',
}

/** Reports keys that an expression does not have. */
export function checkDefinitionKeys(
  entries: readonly RawEntry[],
  kind: ExpressionKind,
  where: { readonly path: string; readonly bean: string },
  problems: ProblemList,
): void {
  const { path, bean } = where
  const isTop = path === bean
  const known = isTop ? [...KEYS_BY_EXPRESSION[kind], ...TOP_KEYS] : KEYS_BY_EXPRESSION[kind]
  for (const { key, keyAt } of entries) {
    if (known.includes(key) || (DISCRIMINATORS as readonly string[]).includes(key)) continue
    const finding = { at: keyAt, bean, path }
    const other = Object.hasOwn(OTHER_LANGUAGES, key) ? OTHER_LANGUAGES[key] : undefined
    if (other !== undefined)
      problems.add(new DescriptorKeyUnsupportedError(`there is no "${key}" here`, { ...finding, hint: other }))
    else if (TOP_KEYS.includes(key)) {
      const hint = 'give the bean an id of its own at the top level and refer to it'
      const message = `"${key}" belongs to a bean at the top level`
      problems.add(new DescriptorShapeError(message, { ...finding, hint }))
    } else {
      const hint = keyHint(key, kind, known)
      problems.add(
        new DescriptorKeyUnknownError(`a definition with "${kind}" has no key "${key}"`, { ...finding, hint }),
      )
    }
  }
}

function keyHint(key: string, kind: ExpressionKind, known: readonly string[]): string | undefined {
  if (kind !== 'class' && kind !== 'parent') return suggestion(key, known)
  const nearest = nearestName(key, known)
  return nearest === undefined ? `a property belongs under "properties"` : `did you mean "${nearest}"?`
}
