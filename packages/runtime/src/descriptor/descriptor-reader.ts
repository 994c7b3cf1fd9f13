import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { nearestName } from '@aesop/kernel'
import { isMap, isScalar, isSeq } from 'yaml'
import {
  BeanDuplicateError,
  DescriptorKeyUnknownError,
  DescriptorShapeError,
  PlaceholderUnresolvedError,
} from '../errors.ts'
import { type Definition, type Descriptor, type NamedPlace, type ScalarValue, type Value } from './definition.ts'
import { type DescriptorError, type Finding, ProblemList } from './descriptor-error.ts'
import { suggestion } from './suggestion.ts'
import { inheritAll } from './inheritance.ts'
import { type PropertyLookup } from './property-lookup.ts'
import { type ActiveProfiles, describeCondition } from './profile-condition.ts'
import { rawEntries, type RawEntry } from './raw-entry.ts'
import { positionOf, type SourceFile, type SourceRange } from './source-file.ts'
import { ValueParser } from './value-parser.ts'
import { readYamlFile, type YamlFile } from './yaml-file.ts'

const TOP_LEVEL_KEYS = ['beans', 'imports', 'properties', 'modules', 'description']
const OPTIONAL = 'optional:'

/** A file with the sections of its top level. */
interface Sections {
  readonly file: YamlFile
  readonly parts: ReadonlyMap<string, { readonly node: unknown; readonly at: SourceRange }>
}

/**
 * Reads a descriptor and, before it, everything that it imports, each file once. Undefined means that the file could
 * not be read at all; every other problem is collected, and what can be understood is returned.
 */
export function readDescriptor(
  path: string,
  lookup: PropertyLookup,
  problems: ProblemList,
  profiles: ActiveProfiles,
  wanted: Finding = {},
): Descriptor | undefined {
  const reader = new DescriptorReader(lookup, problems, profiles)
  return reader.read(resolve(path), wanted)
}

class DescriptorReader {
  readonly #lookup: PropertyLookup
  readonly #problems: ProblemList
  /** Imports first, the importing file last. */
  readonly #files: Sections[] = []
  readonly #seen = new Set<string>()
  readonly #properties = new Map<string, string>()
  readonly #modules: NamedPlace[] = []
  readonly #inactive = new Map<string, string>()
  readonly #profiles: ActiveProfiles

  constructor(lookup: PropertyLookup, problems: ProblemList, profiles: ActiveProfiles) {
    this.#lookup = lookup
    this.#problems = problems
    this.#profiles = profiles
  }

  read(path: string, wanted: Finding): Descriptor | undefined {
    const main = this.#load(path, wanted)
    if (main === undefined) return undefined
    const definitions = new Map<string, Definition>()
    for (const sections of this.#files) {
      this.#readModules(sections)
      this.#readBeans(sections, definitions)
    }
    if (!this.#files.some((sections) => sections.parts.has('beans'))) this.#reportNoBeans(main)
    const imported = this.#files.map((sections) => sections.file.source).filter((file) => file !== main.source)
    const { concrete, abstract, parents } = inheritAll(definitions, this.#inactive, this.#problems)
    return {
      file: main.source,
      imported,
      definitions: concrete,
      abstract,
      parents,
      inactive: this.#inactive,
      modules: this.#modules,
      properties: this.#properties,
    }
  }

  #load(path: string, wanted: Finding): YamlFile | undefined {
    this.#seen.add(path)
    const file = readYamlFile(path, this.#problems, wanted)
    if (file === undefined) return undefined
    const sections: Sections = { file, parts: this.#sectionsOf(file) }
    this.#readProperties(sections)
    this.#readImports(sections)
    this.#files.push(sections)
    return file
  }

  #sectionsOf(file: YamlFile): Sections['parts'] {
    const parts = new Map<string, { node: unknown; at: SourceRange }>()
    if (file.isEmpty() || !file.isSound) return parts
    if (!isMap(file.root)) {
      const hint = 'a descriptor begins with `beans:`'
      this.#problems.add(new DescriptorShapeError('a descriptor must be a map', { at: file.start, hint }))
      return parts
    }
    for (const entry of rawEntries(file, file.root, { path: '', at: file.start }, this.#problems)) {
      const at = entry.keyAt
      if (TOP_LEVEL_KEYS.includes(entry.key)) parts.set(entry.key, { node: entry.node, at })
      else {
        const hint = suggestion(entry.key, TOP_LEVEL_KEYS)
        this.#problems.add(new DescriptorKeyUnknownError(`a descriptor has no key "${entry.key}"`, { at, hint }))
      }
    }
    return parts
  }

  #reportNoBeans(file: YamlFile): void {
    const message = file.isEmpty() ? 'the descriptor is empty' : 'the descriptor has no "beans"'
    if (!file.isSound || (!file.isEmpty() && this.#problems.hasErrorIn([file.source]))) return
    this.#problems.add(new DescriptorShapeError(message, { at: file.start, hint: 'begin with `beans:`' }))
  }

  /** The nearest file wins: an importing file is read before its imports, so values that are there already stay. */
  #readProperties({ file, parts }: Sections): void {
    const part = parts.get('properties')
    if (part === undefined) return
    const parser = new ValueParser(file, this.#lookup, new Map(), new SilentProblems(this.#problems))
    this.#addProperties(parser.parse(part.node, 'properties', '', part.at), '')
  }

  #addProperties(value: Value, key: string): void {
    if (value.kind === 'map') {
      for (const entry of value.entries)
        this.#addProperties(entry.value, key === '' ? entry.key : `${key}.${entry.key}`)
    } else if (value.kind === 'scalar' && key !== '') {
      if (!this.#properties.has(key)) this.#properties.set(key, writtenText(value))
    } else if (value.kind !== 'scalar' || value.value !== null) {
      const message = '"properties" must map keys to plain values'
      this.#problems.add(new DescriptorShapeError(message, { at: value.at, path: value.path }))
    }
  }

  #readImports({ file, parts }: Sections): void {
    const part = parts.get('imports')
    if (part === undefined) return
    const value = this.#parserOf(file).parse(part.node, 'imports', '', part.at)
    const items = value.kind === 'list' ? value.items : [value]
    for (const item of items) {
      if (item.kind === 'scalar' && typeof item.value === 'string') this.#import(file.source, item.value, item.at)
      else
        this.#problems.add(
          new DescriptorShapeError('"imports" must be a list of paths', { at: item.at, path: item.path }),
        )
    }
  }

  #import(from: SourceFile, written: string, at: SourceRange): void {
    const optional = written.startsWith(OPTIONAL)
    const path = resolve(dirname(from.path), optional ? written.slice(OPTIONAL.length) : written)
    if (this.#seen.has(path) || (optional && !existsSync(path))) return
    this.#load(path, {
      at,
      hint: `imports count from ${dirname(from.path)}; "optional:" before a path allows its absence`,
    })
  }

  #readModules({ file, parts }: Sections): void {
    const part = parts.get('modules')
    if (part === undefined) return
    const value = this.#parserOf(file).parse(part.node, 'modules', '', part.at)
    for (const item of value.kind === 'list' ? value.items : [value]) {
      const { at, path } = item
      if (item.kind === 'scalar' && typeof item.value === 'string') this.#modules.push({ text: item.value, at })
      else this.#problems.add(new DescriptorShapeError('"modules" must be a list of packages or files', { at, path }))
    }
  }

  #readBeans({ file, parts }: Sections, definitions: Map<string, Definition>): void {
    const part = parts.get('beans')
    if (part === undefined) return
    const node = file.follow(part.node, part.at)
    if (!isMap(node)) {
      if (isScalar(node) && node.value === null) return
      const hint = isSeq(node) ? 'write `id: { class: … }` instead of `- id: …`' : undefined
      const at = file.rangeOf(part.node, part.at)
      this.#problems.add(new DescriptorShapeError('"beans" must map ids to definitions', { at, hint }))
      return
    }
    const parser = this.#parserOf(file)
    for (const entry of rawEntries(file, node, { path: 'beans', at: part.at }, this.#problems)) {
      const wanted = parser.conditionOf(entry.node, entry.key, entry.keyAt)
      if (wanted === undefined || this.#profiles.holds(wanted)) this.#readBean(file, parser, entry, definitions)
      else this.#skipBean(file, entry, describeCondition(wanted))
    }
  }

  #readBean(file: YamlFile, parser: ValueParser, entry: RawEntry, definitions: Map<string, Definition>): void {
    const value = parser.parse(entry.node, entry.key, entry.key, entry.keyAt)
    const definition = { id: entry.key, idAt: entry.keyAt, value }
    this.#addDefinition(definition, definitions)
    const content = file.follow(entry.node, entry.keyAt)
    const isEmpty = value.kind === 'bean' && value.class.text === '' && value.parent === undefined
    if (isEmpty && value.isAbstract !== true && isMap(content) && !content.has('class'))
      this.#reportNoClass(definition, false)
    if (!isMap(content) || value.kind === 'map') this.#reportNoClass(definition, isMap(content) && content.has('value'))
  }

  /** A bean of another profile is read for the placeholders that it knows; what is wrong in it does not matter now. */
  #skipBean(file: YamlFile, entry: RawEntry, condition: string): void {
    this.#inactive.set(entry.key, condition)
    new ValueParser(file, this.#lookup, this.#properties, new ProblemList()).parse(
      entry.node,
      entry.key,
      entry.key,
      entry.keyAt,
    )
  }

  #addDefinition(definition: Definition, definitions: Map<string, Definition>): void {
    const { id, idAt } = definition
    const before = definitions.get(id)
    if (before !== undefined) {
      const message = `bean "${id}" is defined twice, first in ${before.idAt.file.path}:${positionOf(before.idAt).line}`
      this.#problems.add(new BeanDuplicateError(message, { at: idAt, bean: id }))
      return
    }
    definitions.set(id, definition)
  }

  #reportNoClass({ id, idAt, value }: Definition, isVerbatim: boolean): void {
    if (isVerbatim) return
    const keys = value.kind === 'map' ? value.entries.map((entry) => entry.key) : []
    const misspelt = keys.find((key) => nearestName(key, ['class']) !== undefined)
    const at = value.kind === 'map' ? (value.entries[0]?.keyAt ?? idAt) : value.at
    const hint =
      misspelt === undefined
        ? 'a bean needs one of: class, parent, map, const, value, ref'
        : `did you mean "class" instead of "${misspelt}"?`
    this.#problems.add(new DescriptorShapeError(`bean "${id}" has no class`, { at, bean: id, hint }))
  }

  #parserOf(file: YamlFile): ValueParser {
    return new ValueParser(file, this.#lookup, this.#properties, this.#problems)
  }
}

/** The text of a property with its placeholders: they are replaced where the property is used. */
function writtenText({ value, written }: ScalarValue): string {
  if (written !== undefined) return written
  return typeof value === 'string' ? value.replaceAll('${', '\\${') : String(value ?? '')
}

/**
 * Values of `properties` keep placeholders that can't be resolved yet: an import may bring them, and whoever uses the
 * value reports what is still missing. Every other problem is passed on.
 */
class SilentProblems extends ProblemList {
  readonly #target: ProblemList

  constructor(target: ProblemList) {
    super()
    this.#target = target
  }

  override add(problem: DescriptorError): void {
    if (!(problem instanceof PlaceholderUnresolvedError)) this.#target.add(problem)
  }
}
