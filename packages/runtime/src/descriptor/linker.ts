import { nearestName } from '@aesop/kernel'
import { BeanCycleError, BeanUnknownError, BeanUnusedError } from '../errors.ts'
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
  const nearest = nearestName(wanted, descriptor.definitions.keys())
  const at = nearest === undefined ? undefined : descriptor.definitions.get(nearest)?.idAt
  const place = at === undefined ? '' : ` (${fileName(at.file.path)}:${positionOf(at).line})`
  const hint = nearest === undefined ? undefined : `did you mean "${nearest}"${place}?`
  const finding = { at: edge.at, label: edge.path, bean: edge.from, path: edge.path, hint }
  problems.add(new BeanUnknownError(`bean "${wanted}" is not defined`, finding))
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
    if (wanted.has(id) || isRoot(id)) continue
    const message = `bean "${id}" is used by no other bean`
    problems.add(new BeanUnusedError(message, { at: idAt, bean: id, severity: 'warning' }))
  }
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
