import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isMap, isScalar, isSeq } from 'yaml'
import { DescriptorShapeError } from '../errors.ts'
import { type Finding, type ProblemList } from './descriptor-error.ts'
import { parseJavaProperties } from './java-properties.ts'
import { type FoundProperty } from './property-lookup.ts'
import { type ActiveProfiles } from './profile-condition.ts'
import { entriesOfNode } from './raw-entry.ts'
import { type SourceRange } from './source-file.ts'
import { readText, parseYaml, type YamlFile } from './yaml-file.ts'

/** One file with values for placeholders, and where each key stands. */
export interface PropertiesFile {
  readonly path: string
  readonly values: ReadonlyMap<string, FoundProperty>
  readonly places: ReadonlyMap<string, SourceRange>
}

export interface PropertiesFileOptions {
  /** The folder of the descriptor that is launched or checked. */
  readonly folder: string
  /** From `AESOP_PROPERTIES`, then from `--properties`; later ones win. */
  readonly named: readonly string[]
  readonly profiles: ActiveProfiles
}

const ENDINGS = ['.properties', '.yaml']

/**
 * Reads `runtime-config.properties` and `.yaml`, then the named files, then `runtime-config-<profile>` for each
 * profile. The returned list begins with the file that wins.
 */
export function readPropertiesFiles(options: PropertiesFileOptions, problems: ProblemList): PropertiesFile[] {
  const beside = (name: string): string[] =>
    ENDINGS.map((ending) => join(options.folder, name + ending)).filter((path) => existsSync(path))
  const paths = [
    ...beside('runtime-config'),
    ...options.named,
    ...options.profiles.names.flatMap((profile) => {
      const own = beside(`runtime-config-${profile}`)
      if (own.length > 0) options.profiles.markKnown(profile)
      return own
    }),
  ]
  const files = paths.flatMap((path) => readPropertiesFile(path, problems) ?? [])
  return files.reverse()
}

/** Reads one file, by its ending: `.properties` as Java writes them, everything else as YAML, flat or nested. */
function readPropertiesFile(path: string, problems: ProblemList): PropertiesFile | undefined {
  const finding: Finding = { hint: 'it is named by --properties or AESOP_PROPERTIES' }
  const text = readText(path, problems, finding, 'properties file')
  if (text === undefined) return undefined
  if (path.endsWith('.properties')) return parseJavaProperties(path, text)
  const file = parseYaml(path, text, problems, true)
  const found = new Found(path)
  if (file.isSound && !file.isEmpty()) flatten(file, file.root, '', file.start, found, problems)
  return found
}

class Found implements PropertiesFile {
  readonly path: string
  readonly values = new Map<string, FoundProperty>()
  readonly places = new Map<string, SourceRange>()

  constructor(path: string) {
    this.path = path
  }
}

function flatten(
  file: YamlFile,
  node: unknown,
  prefix: string,
  at: SourceRange,
  found: Found,
  problems: ProblemList,
): void {
  const followed = file.follow(node, at)
  const entries = entriesOfNode(file, node, { path: prefix, at }, problems)
  for (const entry of entries ?? [])
    flatten(file, entry.node, prefix === '' ? entry.key : `${prefix}.${entry.key}`, entry.keyAt, found, problems)
  if (isMap(followed)) return
  if (prefix === '' || isSeq(followed)) {
    const message = prefix === '' ? 'a properties file must map keys to values' : `"${prefix}" must be a plain value`
    problems.add(new DescriptorShapeError(message, { at: file.rangeOf(node, at) }))
    return
  }
  const text = isScalar(followed) ? plainText(followed.value) : ''
  found.values.set(prefix, { value: text, origin: basename(file.source.path), isTemplate: true })
  found.places.set(prefix, at)
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' ? String(value) : ''
}
