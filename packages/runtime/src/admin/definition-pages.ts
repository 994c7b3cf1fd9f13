import { type Application } from '../lifecycle/application.ts'
import { type Recipe, type TopLevelRecipe } from '../wiring/recipe.ts'
import { placeOf } from './bean-pages.ts'

interface GraphBean {
  readonly container: string
  readonly bean: TopLevelRecipe
}

function allBeans(application: Application): GraphBean[] {
  return application.containers.flatMap(({ name, prepared }) =>
    prepared.descriptors.flatMap(({ beans }) => beans.map((bean) => ({ container: name, bean }))),
  )
}

/** What `/admin/graph` says: the top-level beans and who needs whom. */
export function graphPage(application: Application): object {
  const beans = allBeans(application)
  const nameOf = (container: string, id: string): string => `${container}:${id}`
  return {
    nodes: beans.map(({ container, bean }) => ({
      name: nameOf(container, bean.id),
      container,
      bean: bean.id,
      class: bean.recipe.kind === 'bean' ? bean.recipe.className : bean.recipe.kind,
    })),
    edges: beans.flatMap(({ container, bean }) =>
      bean.dependencies.map((id) => ({
        from: nameOf(container, bean.id),
        to: nameOf(container, id.replace(/^&/, '')),
      })),
    ),
  }
}

/** What `/admin/config` says: the definitions that hold, after placeholders and defaults, with their places. */
export function configPage(application: Application): object {
  const { applicationName, nature, projectsRoot, stateDirectory } = application.plan
  const containers = Object.fromEntries(
    application.containers.map(({ name, prepared }) => [
      name,
      Object.fromEntries(
        prepared.descriptors.flatMap(({ beans }) =>
          beans.map((bean) => [bean.id, { definition: placeOf(bean.at), value: effective(bean.recipe) }] as const),
        ),
      ),
    ]),
  )
  return { applicationName, nature, projectsRoot, stateDirectory, containers }
}

function effective(recipe: Recipe): unknown {
  switch (recipe.kind) {
    case 'constant':
      return recipe.value
    case 'list':
      return recipe.items.map(effective)
    case 'object':
      return Object.fromEntries(recipe.entries.map(([key, value]) => [key, effective(value)]))
    case 'map':
      return { map: Object.fromEntries(recipe.entries.map(([key, value]) => [String(key), effective(value)])) }
    case 'reference':
      return { ref: recipe.id, ...(recipe.access === undefined ? {} : { [recipe.access.by]: recipe.access.name }) }
    case 'bean':
      return {
        class: recipe.className,
        ...(recipe.options === undefined ? {} : { properties: effective(recipe.options) }),
        ...(recipe.args === undefined ? {} : { args: recipe.args.map(effective) }),
      }
  }
}
