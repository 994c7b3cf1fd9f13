import { type TopLevelRecipe } from '../wiring/recipe.ts'

/** The ids from a bean that nobody refers to down to this one, which may be an inner bean. */
export function pathTo(id: string, recipes: readonly TopLevelRecipe[]): string[] {
  const [top = id, ...inner] = id.split(/\.(?![^[]*\])/)
  const path = [top, ...inner]
  const seen = new Set([top])
  for (let current: string | undefined = top; current !== undefined;) {
    const wanted: string = current
    const user = recipes.find((each) => each.dependencies.includes(wanted) && !seen.has(each.id))
    if (user !== undefined) path.unshift(user.id)
    current = user?.id
    if (current !== undefined) seen.add(current)
  }
  return path
}
