import { type Definition, type Value } from './definition.ts'
import { type ReadDescriptor } from './launch-preparation.ts'
import { targetId } from './reference-graph.ts'

/** The beans of all containers and who needs whom. */
export interface BeanGraph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

export interface GraphNode {
  /** `relay/sampleRelay`: unique in the launch. */
  readonly id: string
  readonly container: string
  readonly bean: string
  /** The class of a bean, or what it is instead: map, constant, value, reference. */
  readonly class: string
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
  /** The path inside the bean: `properties.relayConfig`. */
  readonly via: string
}

/** The graph of what was read; the bootstrap descriptor itself is left out where there are others. */
export function beanGraph(descriptors: readonly ReadDescriptor[]): BeanGraph {
  const others = descriptors.filter(({ container }) => container !== 'bootstrap')
  const shown = others.length > 0 ? others : descriptors
  const nodes = shown.flatMap(({ container, descriptor }) =>
    [...descriptor.definitions.values()].map((definition) => ({
      id: `${container}/${definition.id}`,
      container,
      bean: definition.id,
      class: classOf(definition.value),
    })),
  )
  const edges = shown.flatMap(({ container, descriptor, links }) =>
    [...links.edges.values()].flat().flatMap((edge): GraphEdge[] => {
      const to = targetId(edge.to)
      if (!descriptor.definitions.has(to)) return []
      const via = edge.path.startsWith(`${edge.from}.`) ? edge.path.slice(edge.from.length + 1) : edge.path
      return [{ from: `${container}/${edge.from}`, to: `${container}/${to}`, via }]
    }),
  )
  return { nodes, edges }
}

function classOf(value: Value): Definition['id'] {
  if (value.kind === 'bean') return value.class.text
  return value.kind === 'keyed-map' ? 'map' : value.kind === 'scalar' || value.kind === 'list' ? 'value' : value.kind
}

/** The graph as a Mermaid flowchart, one subgraph per container. */
export function mermaidGraph(graph: BeanGraph): string {
  const names = new Map(graph.nodes.map((node, i) => [node.id, `n${i}`]))
  const lines = ['flowchart LR']
  for (const container of containersOf(graph)) {
    lines.push(`  subgraph ${container}`)
    for (const node of graph.nodes.filter((each) => each.container === container))
      lines.push(`    ${names.get(node.id) ?? ''}["${escapeLabel(node.bean)}<br/>${escapeLabel(node.class)}"]`)
    lines.push('  end')
  }
  for (const { from, to } of distinctEdges(graph)) lines.push(`  ${names.get(from) ?? ''} --> ${names.get(to) ?? ''}`)
  return lines.join('\n')
}

/** The graph in the language of Graphviz. */
export function dotGraph(graph: BeanGraph): string {
  const lines = ['digraph beans {', '  rankdir=LR;', '  node [shape=box];']
  containersOf(graph).forEach((container, i) => {
    lines.push(`  subgraph cluster_${i} {`, `    label=${JSON.stringify(container)};`)
    for (const node of graph.nodes.filter((each) => each.container === container))
      lines.push(`    ${JSON.stringify(node.id)} [label=${JSON.stringify(`${node.bean}\n${node.class}`)}];`)
    lines.push('  }')
  })
  for (const { from, to } of distinctEdges(graph)) lines.push(`  ${JSON.stringify(from)} -> ${JSON.stringify(to)};`)
  return [...lines, '}'].join('\n')
}

function containersOf(graph: BeanGraph): string[] {
  return [...new Set(graph.nodes.map((node) => node.container))]
}

function distinctEdges(graph: BeanGraph): GraphEdge[] {
  return [...new Map(graph.edges.map((edge) => [`${edge.from}\n${edge.to}`, edge])).values()]
}

function escapeLabel(text: string): string {
  return text.replace(/"/g, '#quot;').replace(/</g, '#lt;')
}
