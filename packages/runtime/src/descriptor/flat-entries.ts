import { BeanDuplicateError } from '../errors.ts'
import { type Entry } from './definition.ts'
import { type ProblemList } from './descriptor-error.ts'

/** `a: { b: 1 }` and `a.b: 1` are the same key of a props object. */
export function flattenEntries(entries: readonly Entry[], bean: string, problems: ProblemList, prefix = ''): Entry[] {
  const flat = new Map<string, Entry>()
  for (const entry of entries) {
    const key = prefix + entry.key
    const nested =
      entry.value.kind === 'map' ? flattenEntries(entry.value.entries, bean, problems, `${key}.`) : [{ ...entry, key }]
    for (const each of nested) {
      const finding = { at: each.keyAt, bean, path: each.value.path }
      if (!flat.has(each.key)) flat.set(each.key, each)
      else problems.add(new BeanDuplicateError(`key "${each.key}" is defined twice`, finding))
    }
  }
  return [...flat.values()]
}
