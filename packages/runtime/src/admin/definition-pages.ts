import { beanGraph, dotGraph, mermaidGraph } from '../descriptor/bean-graph.ts'
import { valueRecords } from '../descriptor/descriptor-tree.ts'
import { type Application } from '../lifecycle/application.ts'

/** What `/admin/graph` says: the top-level beans and who needs whom; as text for `mermaid` and `dot`. */
export function graphPage(application: Application, format: unknown): object | string {
  const graph = beanGraph(application.containers.flatMap(({ prepared }) => prepared.read))
  if (format === 'mermaid') return mermaidGraph(graph)
  return format === 'dot' ? dotGraph(graph) : graph
}

/** What `/admin/config` says: every value that holds now, with its place and where it came from. */
export function configPage(application: Application): object {
  const { applicationName, nature, projectsRoot, stateDirectory } = application.plan
  const containers = Object.fromEntries(
    application.containers.map(({ name, prepared }) => [
      name,
      prepared.read.flatMap(({ descriptor, disclosure }) => valueRecords(descriptor, disclosure)),
    ]),
  )
  return { applicationName, nature, projectsRoot, stateDirectory, containers }
}
