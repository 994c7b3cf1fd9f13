import { type Alias, type Document, isAlias, type Node, visit } from 'yaml'

/** More expansions of anchors than this in one file is an attack or a mistake. */
const ALIASES_MAX = 1000
/** So are more values than this, in all that aliases stand for. */
const VALUES_MAX = 100_000

/** What the aliases of one file stand for, and how much of it there is. One pass finds all anchors. */
export class YamlAliases {
  readonly #document: Document
  readonly #sizes = new Map<Node, number>()
  #targets: ReadonlyMap<Node, Node> | undefined
  #aliases = 0
  #values = 0

  constructor(document: Document) {
    this.#document = document
  }

  /** The last node before the alias that has the anchor of its name. */
  targetOf(alias: Alias): Node | undefined {
    this.#targets ??= targetsIn(this.#document)
    return this.#targets.get(alias)
  }

  /** To be called each time that what an alias stands for is used. @returns whether that is too much by now */
  isExcessive(target: Node): boolean {
    this.#aliases++
    this.#values += this.#sizeOf(target)
    return this.#aliases > ALIASES_MAX || this.#values > VALUES_MAX
  }

  /** Of how many nodes it is made, without what aliases in it stand for, which are counted when they are used. */
  #sizeOf(node: Node): number {
    const known = this.#sizes.get(node)
    if (known !== undefined) return known
    let size = 0
    visit(node, {
      Node: () => {
        size++
      },
    })
    this.#sizes.set(node, size)
    return size
  }
}

function targetsIn(document: Document): ReadonlyMap<Node, Node> {
  const anchors = new Map<string, Node>()
  const targets = new Map<Node, Node>()
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        const target = anchors.get(node.source)
        if (target !== undefined) targets.set(node, target)
      } else if (node.anchor !== undefined) anchors.set(node.anchor, node)
    },
  })
  return targets
}
