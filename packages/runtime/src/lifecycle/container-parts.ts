import { createHash } from 'node:crypto'
import { type CompiledDescriptor } from '../descriptor/bean-compiler.ts'
import { targetId } from '../descriptor/reference-graph.ts'
import { type SourceRange } from '../descriptor/source-file.ts'
import { type Recipe, type TopLevelRecipe } from '../wiring/recipe.ts'
import { recipePrint, referencesOf } from './recipe-print.ts'

/** Where a live list stands: a property of a top-level bean. */
export interface ListPlace {
  readonly bean: string
  readonly property: string
}

export interface TopDefinition {
  readonly bean: TopLevelRecipe
  readonly print: string
}

/** An item of a live list as a descriptor defines it. */
export interface ItemDefinition {
  readonly place: ListPlace
  /** `relay.producerRegistrationList[0]`, which is where the ids of its beans begin. */
  readonly id: string
  readonly recipe: Recipe
  readonly at: SourceRange
  /** Equal for items that make the same, with all that they refer to. */
  readonly print: string
  /** The top-level beans that it needs, and that nothing but items needs, in the order of their making. */
  readonly tops: readonly TopDefinition[]
}

/** A part of a definition that is no item of a live list. */
export interface FixedPart {
  readonly name: string
  readonly at: SourceRange
  readonly print: string
}

/** What a container is made of: items that may come and go, and the rest. */
export interface ContainerParts {
  readonly fixed: readonly FixedPart[]
  readonly items: readonly ItemDefinition[]
}

/** Takes the descriptors of a container apart. Ids of top-level beans are unique in them. */
export function containerParts(
  descriptors: readonly CompiledDescriptor[],
  places: readonly ListPlace[],
): ContainerParts {
  const beans = descriptors.flatMap((descriptor) => descriptor.beans)
  const prints = new Map<string, string>()
  const printOf = (id: string): string => prints.get(id) ?? ''
  // They come in an order in which each is behind what it needs.
  for (const bean of beans) prints.set(bean.id, topPrint(bean, printOf))
  const byId = new Map(beans.map((bean) => [bean.id, bean]))
  const lists = new Map(beans.map((bean) => [bean.id, listsOf(bean, places)]))
  const ofItems = closure(
    [...lists.values()].flat().flatMap(({ items }) => items.flatMap(referencesOf)),
    byId,
  )
  const outside = beans.filter(({ id }) => !ofItems.has(id))
  const fixedIds = closure(
    outside.flatMap((bean) => [bean.id, ...fixedNeeds(bean, lists.get(bean.id) ?? [])]),
    byId,
    (bean) => fixedNeeds(bean, lists.get(bean.id) ?? []),
  )
  const ownedBy = (recipe: Recipe): TopDefinition[] => {
    const reached = closure(referencesOf(recipe), byId)
    return beans
      .filter(({ id }) => reached.has(id) && !fixedIds.has(id))
      .map((bean) => ({ bean, print: printOf(bean.id) }))
  }
  return {
    fixed: beans.filter(({ id }) => fixedIds.has(id)).flatMap((bean) => fixedParts(bean, places, printOf)),
    items: beans.flatMap((bean) =>
      (lists.get(bean.id) ?? []).flatMap(({ place, items }) =>
        items.map((recipe, index) => ({
          place,
          id: `${place.bean}.${place.property}[${index}]`,
          recipe,
          at: placeOf(recipe, bean),
          print: recipePrint(recipe, printOf),
          tops: ownedBy(recipe),
        })),
      ),
    ),
  }
}

interface LiveValues {
  readonly place: ListPlace
  readonly items: readonly Recipe[]
}

/** The live lists of a bean that are written where they belong: what is referred to is a bean like any other. */
function listsOf({ id, recipe }: TopLevelRecipe, places: readonly ListPlace[]): LiveValues[] {
  return optionsOf(recipe).flatMap(([property, value]) => {
    const place = places.find((each) => each.bean === id && each.property === property)
    return place === undefined || value.kind !== 'list' ? [] : [{ place, items: value.items }]
  })
}

function optionsOf(recipe: Recipe): readonly (readonly [string, Recipe])[] {
  return recipe.kind === 'bean' && recipe.options?.kind === 'object' ? recipe.options.entries : []
}

/** The recipe of a bean without its live lists. */
function withoutLists(recipe: Recipe, lists: readonly LiveValues[]): Recipe {
  if (recipe.kind !== 'bean' || lists.length === 0) return recipe
  const isFixed = ([property]: readonly [string, Recipe]): boolean =>
    lists.every(({ place }) => place.property !== property)
  return { ...recipe, options: { kind: 'object', entries: optionsOf(recipe).filter(isFixed) } }
}

/** What a bean needs besides the items of its live lists: also what it depends on without referring to it. */
function fixedNeeds({ recipe, dependencies }: TopLevelRecipe, lists: readonly LiveValues[]): readonly string[] {
  if (lists.length === 0) return dependencies.map(targetId)
  const referred = new Set(referencesOf(recipe))
  return [...referencesOf(withoutLists(recipe, lists)), ...dependencies.map(targetId).filter((id) => !referred.has(id))]
}

/** These beans and all that they need. */
function closure(
  ids: readonly string[],
  byId: ReadonlyMap<string, TopLevelRecipe>,
  needsOf = ({ dependencies }: TopLevelRecipe): readonly string[] => dependencies.map(targetId),
): ReadonlySet<string> {
  const found = new Set<string>()
  const open = [...ids]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const bean = byId.get(id)
    if (bean === undefined || found.has(id)) continue
    found.add(id)
    open.push(...needsOf(bean))
  }
  return found
}

function topPrint({ recipe, dependencies }: TopLevelRecipe, printOf: (id: string) => string): string {
  const hash = createHash('sha256').update(recipePrint(recipe, printOf))
  for (const id of dependencies) hash.update(` ${id} ${printOf(targetId(id))}`)
  return hash.digest('hex')
}

/** A bean with live lists property by property, so that what changed has a name. */
function fixedParts(bean: TopLevelRecipe, places: readonly ListPlace[], printOf: (id: string) => string): FixedPart[] {
  const { id, recipe, at } = bean
  const lists = listsOf(bean, places)
  if (lists.length === 0) return [{ name: id, at, print: printOf(id) }]
  const rest = withoutLists(recipe, lists)
  const needs = fixedNeeds(bean, lists).map((need) => ` ${need} ${printOf(need)}`)
  const properties = optionsOf(rest).map(([property, value]) => ({
    name: `${id}.${property}`,
    at: placeOf(value, bean),
    print: recipePrint(value, printOf),
  }))
  const own = rest.kind === 'bean' ? { ...rest, options: { kind: 'object', entries: [] } as const } : rest
  return [{ name: id, at, print: recipePrint(own, printOf) + needs.join('') }, ...properties]
}

function placeOf(recipe: Recipe, { at }: TopLevelRecipe): SourceRange {
  return recipe.kind === 'bean' || recipe.kind === 'reference' ? recipe.at : at
}
