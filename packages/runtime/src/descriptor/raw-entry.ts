import { isMap, type YAMLMap } from 'yaml'
import { BeanDuplicateError } from '../errors.ts'
import { type NamedPlace } from './definition.ts'
import { type ProblemList } from './descriptor-error.ts'
import { positionOf, type SourceRange } from './source-file.ts'
import { type YamlFile } from './yaml-file.ts'

/** One key of a mapping with its node, before it is understood. */
export interface RawEntry {
  readonly key: string
  readonly keyAt: SourceRange
  readonly node: unknown
}

/** The keys of a mapping; a key that occurs twice is reported with both places, and the first one counts. */
export function rawEntries(
  file: YamlFile,
  map: YAMLMap,
  where: { readonly path: string; readonly bean?: string | undefined; readonly at: SourceRange },
  problems: ProblemList,
): RawEntry[] {
  const seen = new Map<string, SourceRange>()
  const entries: RawEntry[] = []
  for (const pair of map.items) {
    const key = file.keyOf(pair, where.at)
    if (key === undefined) continue
    const before = seen.get(key.text)
    if (before === undefined) {
      seen.set(key.text, key.at)
      entries.push({ key: key.text, keyAt: key.at, node: pair.value })
    } else problems.add(duplicate(key, before, where.path, where.bean))
  }
  return entries
}

function duplicate(key: NamedPlace, before: SourceRange, path: string, bean: string | undefined): BeanDuplicateError {
  const what = path === 'beans' ? 'bean' : 'key'
  const message = `${what} "${key.text}" is defined twice, first in line ${positionOf(before).line}`
  return new BeanDuplicateError(message, { at: key.at, bean, path: path === '' ? key.text : `${path}.${key.text}` })
}

/** The entries of a node that should be a mapping, or undefined when it is none. */
export function entriesOfNode(
  file: YamlFile,
  node: unknown,
  where: { readonly path: string; readonly bean?: string | undefined; readonly at: SourceRange },
  problems: ProblemList,
): RawEntry[] | undefined {
  const followed = file.follow(node, where.at)
  return isMap(followed) ? rawEntries(file, followed, where, problems) : undefined
}

export function entryOf(entries: readonly RawEntry[], key: string): RawEntry | undefined {
  return entries.find((entry) => entry.key === key)
}
