import { type ComponentCatalogue, type LaunchFolders, type PropertySchema } from '../component.ts'
import { StoreDoubleError, StoreElsewhereError } from '../errors.ts'
import { type Definition, type Descriptor, type Value } from './definition.ts'
import { type ProblemList } from './descriptor-error.ts'
import { asSchema } from './schema-words.ts'
import { positionOf, type SourceRange } from './source-file.ts'

/** A descriptor of a launch with the classes that it may name. */
export interface StorePart {
  readonly descriptor: Descriptor
  readonly catalogue: ComponentCatalogue
}

/** What `x-store` of a property says: the bean that has it fills or reads the store, and which class is meant where it is left out. */
interface StoreWord {
  readonly use: 'fills' | 'reads'
  readonly byDefault: string
}

interface StoreUse {
  readonly bean: string
  readonly use: StoreWord['use']
  readonly place: string
  readonly at: SourceRange
  readonly path: string
}

/**
 * Compares where the stores of a launch are, by what descriptors say alone: two beans that would fill one are an error, and who reads one that
 * nobody fills, while another one is filled, is told of both. A store whose place only the run time knows is left out.
 */
export function checkStores(parts: readonly StorePart[], folders: LaunchFolders, problems: ProblemList): void {
  const uses = parts.flatMap((part) => usesOf(part, folders))
  const filled = new Map<string, StoreUse>()
  for (const use of uses.filter((each) => each.use === 'fills')) {
    const other = filled.get(use.place)
    if (other === undefined) filled.set(use.place, use)
    else problems.add(new StoreDoubleError(`"${use.bean}" would fill ${use.place}, and so does ${shown(other)}`, use))
  }
  const [first] = filled.values()
  if (first === undefined) return
  for (const use of uses.filter((each) => each.use === 'reads' && !filled.has(each.place))) {
    const message = `"${use.bean}" reads ${use.place}, and ${shown(first)} fills ${first.place}`
    problems.add(new StoreElsewhereError(message, { ...use, severity: 'warning' }))
  }
}

function shown({ bean, at }: StoreUse): string {
  return `"${bean}" at ${at.file.path}:${positionOf(at).line}`
}

function usesOf({ descriptor: { definitions }, catalogue }: StorePart, folders: LaunchFolders): StoreUse[] {
  return [...definitions.values()].flatMap((definition) => {
    const { value } = definition
    const component = value.kind === 'bean' ? componentOf(catalogue, value.class.text) : undefined
    const properties = Object.entries(asSchema(component?.schema['properties']))
    return properties.flatMap(([key, schema]) =>
      useOf(definition, key, asSchema(schema), { definitions, catalogue, folders }),
    )
  })
}

interface Surroundings {
  readonly definitions: ReadonlyMap<string, Definition>
  readonly catalogue: ComponentCatalogue
  readonly folders: LaunchFolders
}

function useOf({ id, idAt, value }: Definition, key: string, schema: PropertySchema, around: Surroundings): StoreUse[] {
  const word = schema['x-store'] as StoreWord | undefined
  if (word === undefined || value.kind !== 'bean') return []
  const given = value.properties.find((entry) => entry.key === key)?.value
  const { catalogue, folders } = around
  const place =
    given === undefined
      ? componentOf(catalogue, word.byDefault)?.placeOf?.({}, folders)
      : placeOf(given, around, new Set())
  const at = given?.at ?? idAt
  return place === undefined ? [] : [{ bean: id, use: word.use, place, at, path: given?.path ?? value.path }]
}

/** Undefined: only the run time knows it. */
function placeOf(value: Value, around: Surroundings, names: Set<string>): string | undefined {
  const { definitions, catalogue, folders } = around
  if (value.kind === 'reference') {
    const target = definitions.get(value.id)?.value
    const isKnown = target !== undefined && value.access === undefined && !names.has(value.id)
    return isKnown ? placeOf(target, around, names.add(value.id)) : undefined
  }
  if (value.kind !== 'bean') return undefined
  const properties: Record<string, unknown> = {}
  for (const entry of value.properties) {
    if (entry.value.kind !== 'scalar') return undefined
    properties[entry.key] = entry.value.value
  }
  return componentOf(catalogue, value.class.text)?.placeOf?.(properties, folders)
}

function componentOf(
  { components }: ComponentCatalogue,
  name: string,
): ComponentCatalogue['components'][string] | undefined {
  return Object.hasOwn(components, name) ? components[name] : undefined
}
