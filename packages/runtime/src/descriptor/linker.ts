import { nearestName } from '@aesop/kernel'
import { BeanAbstractError, BeanCycleError, BeanInactiveError, BeanUnknownError, BeanUnusedError } from '../errors.ts'
import { type Descriptor } from './definition.ts'
import { type ProblemList } from './descriptor-error.ts'
import { type Edge, edgesOf, orderBeans, targetId } from './reference-graph.ts'
import { positionOf } from './source-file.ts'

/** The references of a descriptor, checked, and the order in which its beans can be made. */
export interface Links {
  readonly edges: ReadonlyMap<string, readonly Edge[]>
  readonly order: readonly string[]
}

/** Checks that every reference has a target and that there are no circles. */
export function linkDescriptor(descriptor: Descriptor, problems: ProblemList): Links {
  const edges = edgesOf(descriptor)
  for (const list of edges.values()) for (const edge of list) checkTarget(edge, descriptor, problems)
  const { order, cycles } = orderBeans(descriptor.definitions.keys(), edges)
  for (const cycle of cycles) reportCycle(cycle, problems)
  return { edges, order }
}

function checkTarget(edge: Edge, descriptor: Descriptor, problems: ProblemList): void {
  const wanted = targetId(edge.to)
  if (wanted === '' || descriptor.definitions.has(wanted)) return
  const finding = { at: edge.at, label: edge.path, bean: edge.from, path: edge.path }
  const condition = descriptor.inactive.get(wanted)
  if (descriptor.abstract.has(wanted))
    problems.add(new BeanAbstractError(`bean "${wanted}" is abstract and never made`, finding))
  else if (condition !== undefined)
    problems.add(new BeanInactiveError(`bean "${wanted}" is there only when ${condition}`, finding))
  else {
    const hint = problems.affordsHint(descriptor.definitions.size) ? nearestHint(wanted, descriptor) : undefined
    problems.add(new BeanUnknownError(`bean "${wanted}" is not defined`, { ...finding, hint }))
  }
}

function nearestHint(wanted: string, { definitions }: Descriptor): string | undefined {
  const nearest = nearestName(wanted, definitions.keys())
  if (nearest === undefined) return undefined
  const at = definitions.get(nearest)?.idAt
  const place = at === undefined ? '' : ` (${fileName(at.file.path)}:${positionOf(at).line})`
  return `did you mean "${nearest}"${place}?`
}

function reportCycle(cycle: readonly Edge[], problems: ProblemList): void {
  const [first] = cycle
  if (first === undefined) return
  const start = first.from
  const steps = cycle.map((edge) => `${edge.from} (${fileName(edge.at.file.path)}:${positionOf(edge.at).line})`)
  const message = `beans refer to each other in a circle: ${steps.join(' -> ')} -> ${start}`
  problems.add(new BeanCycleError(message, { at: first.at, bean: start, path: first.path }))
}

/** Warns of top-level beans that nobody refers to and that the container does not start by itself. */
export function warnOfUnused(
  descriptor: Descriptor,
  links: Links,
  isRoot: (id: string) => boolean,
  problems: ProblemList,
): void {
  const wanted = new Set<string>()
  for (const list of links.edges.values()) for (const edge of list) wanted.add(targetId(edge.to))
  for (const { id, idAt } of descriptor.definitions.values()) {
    if (wanted.has(id) || isRoot(id) || descriptor.parents.has(id)) continue
    const message = `bean "${id}" is used by no other bean`
    problems.add(new BeanUnusedError(message, { at: idAt, bean: id, severity: 'warning' }))
  }
  for (const { id, idAt } of descriptor.abstract.values()) {
    if (descriptor.parents.has(id)) continue
    const message = `abstract bean "${id}" is the parent of no other`
    problems.add(new BeanUnusedError(message, { at: idAt, bean: id, severity: 'warning' }))
  }
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
