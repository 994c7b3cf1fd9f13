import { createHash } from 'node:crypto'
import { type SecretText } from '@aesop/kernel'
import { targetId } from '../descriptor/reference-graph.ts'
import { type Recipe } from '../wiring/recipe.ts'

/**
 * A text that is equal for two recipes that make the same values: where they stand does not count, and code does not either.
 * @param printOfTop the print of the top-level bean with this id
 */
export function recipePrint(recipe: Recipe, printOfTop: (id: string) => string): string {
  return createHash('sha256')
    .update(JSON.stringify(shapeOf(recipe, printOfTop), plain))
    .digest('hex')
}

function shapeOf(recipe: Recipe, printOfTop: (id: string) => string): unknown {
  const below = (part: Recipe): unknown => shapeOf(part, printOfTop)
  switch (recipe.kind) {
    case 'constant':
      return { constant: isSecret(recipe.value) ? secretPrint(recipe.value) : recipe.value }
    case 'list':
      return recipe.items.map(below)
    case 'object':
    case 'map':
      return { [recipe.kind]: recipe.entries.map(([key, part]) => [key, below(part)]) }
    case 'reference':
      return { reference: [recipe.id, recipe.access, printOfTop(targetId(recipe.id))] }
    case 'bean': {
      const { className, args, options, factory, init, destroy } = recipe
      return { className, factory, init, destroy, args: args?.map(below), options: options && below(options) }
    }
  }
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}

export function isSecret(value: unknown): value is SecretText {
  return typeof value === 'object' && value !== null && 'reveal' in value && typeof value.reveal === 'function'
}

/** Equal for equal texts. A rotated one makes no change: who uses the secret asks for it anew. */
export function secretPrint(secret: SecretText): string {
  try {
    return createHash('sha256').update(secret.reveal()).digest('hex')
  } catch {
    return 'unreadable'
  }
}

/** Ids of the top-level beans that a recipe refers to. */
export function referencesOf(recipe: Recipe): readonly string[] {
  switch (recipe.kind) {
    case 'constant':
      return []
    case 'list':
      return recipe.items.flatMap(referencesOf)
    case 'object':
    case 'map':
      return recipe.entries.flatMap(([, part]) => referencesOf(part))
    case 'reference':
      return [targetId(recipe.id)]
    case 'bean':
      return [...(recipe.args ?? []), ...(recipe.options === undefined ? [] : [recipe.options])].flatMap(referencesOf)
  }
}

/** The recipe with other ids for its beans: each that begins with `from` begins with `to` instead. */
export function renamed(recipe: Recipe, from: string, to: string): Recipe {
  if (from === to) return recipe
  const below = (part: Recipe): Recipe => renamed(part, from, to)
  switch (recipe.kind) {
    case 'constant':
    case 'reference':
      return recipe
    case 'list':
      return { ...recipe, items: recipe.items.map(below) }
    case 'object':
      return { ...recipe, entries: recipe.entries.map(([key, part]) => [key, below(part)] as const) }
    case 'map':
      return { ...recipe, entries: recipe.entries.map(([key, part]) => [key, below(part)] as const) }
    case 'bean': {
      const { args, options } = recipe
      return {
        ...recipe,
        id: renamedId(recipe.id, from, to),
        ...(args === undefined ? {} : { args: args.map(below) }),
        ...(options === undefined ? {} : { options: below(options) }),
      }
    }
  }
}

export function renamedId(id: string, from: string, to: string): string {
  return isWithin(id, from) ? `${to}${id.slice(from.length)}` : id
}

/** Whether an id is that of a bean, or of one inside of it. */
export function isWithin(id: string, bean: string): boolean {
  return id === bean || (id.startsWith(bean) && /^[.[]/.test(id.slice(bean.length)))
}
