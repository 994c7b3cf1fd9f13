import { type Definition, type Descriptor, type Value } from './definition.ts'
import { type SourceRange } from './source-file.ts'

/** A reference from one top-level bean to another, wherever in the definition it stands. */
export interface Edge {
  readonly from: string
  /** The id as it is written; `&id` means the factory itself. */
  readonly to: string
  readonly at: SourceRange
  readonly path: string
}

/** `&id` and `id` need the same definition. */
export function targetId(reference: string): string {
  return reference.startsWith('&') ? reference.slice(1) : reference
}

/** All references of a descriptor, by the bean that makes them, in the order in which they are written. */
export function edgesOf(descriptor: Descriptor): Map<string, Edge[]> {
  const edges = new Map<string, Edge[]>()
  for (const definition of descriptor.definitions.values()) {
    const found: Edge[] = []
    collectEdges(definition, definition.value, found)
    edges.set(definition.id, found)
  }
  return edges
}

function collectEdges(definition: Definition, value: Value, found: Edge[]): void {
  switch (value.kind) {
    case 'reference':
      found.push({ from: definition.id, to: value.id, at: value.at, path: value.path })
      return
    case 'list':
      for (const item of value.items) collectEdges(definition, item, found)
      return
    case 'map':
    case 'keyed-map':
      for (const entry of value.entries) collectEdges(definition, entry.value, found)
      return
    case 'bean':
      for (const arg of value.args ?? []) collectEdges(definition, arg, found)
      for (const entry of value.properties) collectEdges(definition, entry.value, found)
      for (const { text, at } of value.dependsOn) {
        found.push({ from: definition.id, to: text, at, path: `${value.path}.dependsOn` })
      }
      return
    case 'scalar':
    case 'constant':
  }
}

/** An order in which every bean comes after what it needs; `cycles` holds each circle that was met, closed. */
export interface BeanOrder {
  readonly order: readonly string[]
  readonly cycles: readonly (readonly Edge[])[]
}

/**
 * Depth first, in the order of the descriptor, without recursion: chains of any length work. A circle is cut at the
 * edge that closes it and reported.
 */
export function orderBeans(ids: Iterable<string>, edges: ReadonlyMap<string, readonly Edge[]>): BeanOrder {
  const order: string[] = []
  const cycles: Edge[][] = []
  const state = new Map<string, 'open' | 'done'>()
  for (const root of ids) {
    if (state.has(root)) continue
    const stack: { id: string; next: number; via: Edge | undefined }[] = [{ id: root, next: 0, via: undefined }]
    state.set(root, 'open')
    while (stack.length > 0) {
      const top = stack[stack.length - 1]
      if (top === undefined) break
      const edge = edges.get(top.id)?.[top.next++]
      if (edge === undefined) {
        state.set(top.id, 'done')
        order.push(top.id)
        stack.pop()
        continue
      }
      const to = targetId(edge.to)
      const seen = state.get(to)
      if (seen === 'open') cycles.push([...pathSince(stack, to), edge])
      else if (seen === undefined && edges.has(to)) {
        state.set(to, 'open')
        stack.push({ id: to, next: 0, via: edge })
      }
    }
  }
  return { order, cycles }
}

function pathSince(stack: readonly { id: string; via: Edge | undefined }[], id: string): Edge[] {
  const from = stack.findIndex((frame) => frame.id === id)
  return stack.slice(from + 1).flatMap((frame) => (frame.via === undefined ? [] : [frame.via]))
}
