import { hasLiveLists, type LiveList } from '@aesop/kernel'
import { type CompiledDescriptor } from '../descriptor/bean-compiler.ts'
import { targetId } from '../descriptor/reference-graph.ts'
import { type MadeBean, type Product } from '../wiring/bean-builder.ts'
import { type Recipe } from '../wiring/recipe.ts'
import {
  type ContainerParts,
  containerParts,
  type ItemDefinition,
  type ListPlace,
  type TopDefinition,
} from './container-parts.ts'
import { partsDifference } from './parts-difference.ts'
import { isWithin, referencesOf, renamed, renamedId } from './recipe-print.ts'

/** What the items of live lists need from their container. */
export interface LiveHost {
  readonly descriptors: readonly CompiledDescriptor[]
  readonly beans: readonly MadeBean[]
  productOf(id: string): Product | undefined
  /** The values that a list of a definition became. */
  valuesOf(recipe: Recipe): readonly unknown[] | undefined
  /** Makes and initialises beans, which come before those of that id in every order. When it rejects, they are destroyed. */
  makeBefore(id: string, recipe: Recipe, needs: ReadonlyMap<string, unknown>): Promise<Made>
  /** Beans with these ids are started and stopped by others. */
  lead(ids: readonly string[]): void
  startMade(made: readonly MadeBean[], before: string): Promise<void>
  /** Stops and destroys them; what failed is returned. */
  endMade(made: readonly MadeBean[]): Promise<readonly Error[]>
  /** A top-level bean that was made, is another one now, or is gone (undefined). */
  show(id: string, product: Product | undefined): void
}

export interface Made {
  readonly product: Product
  readonly made: readonly MadeBean[]
}

/** A top-level bean as it runs. Of one id there may be two for a moment, an old one and a new one. */
interface RunningTop extends Made {
  readonly id: string
  readonly print: string
}

/** An item as it runs. */
export interface RunningItem {
  readonly definition: ItemDefinition
  /** Where the ids of its beans begin: not always where it stands in its list now. */
  readonly id: string
  readonly name: string
  readonly value: unknown
  readonly list: LiveList
  readonly made: readonly MadeBean[]
}

/** What a definition would change, before anything is done. */
export interface ItemChanges {
  /** What is another one and can't be changed while the container runs, each with its place. */
  readonly fixed: readonly string[]
  readonly removed: readonly RunningItem[]
  readonly added: readonly ItemDefinition[]
}

/** The live lists of a container that runs, and their items: what runs is compared with, whatever the descriptors said. */
export class LiveItems {
  readonly places: readonly ListPlace[]
  readonly #host: LiveHost
  readonly #lists = new Map<string, LiveList>()
  #parts: ContainerParts
  #running: readonly RunningItem[]
  #tops: readonly RunningTop[]
  /** Items that are made and not yet added. */
  readonly #coming = new Set<RunningItem>()

  /** Undefined where no bean of the container has such a list. */
  static of(host: LiveHost): LiveItems | undefined {
    const ids = host.descriptors.flatMap(({ beans }) => beans.map(({ id }) => id))
    if (new Set(ids).size < ids.length) return undefined
    const items = new LiveItems(host, ids)
    return items.places.length === 0 ? undefined : items
  }

  private constructor(host: LiveHost, ids: readonly string[]) {
    this.#host = host
    this.places = ids.flatMap((bean) => {
      const instance = host.productOf(bean)?.product
      if (!hasLiveLists(instance)) return []
      return Object.entries(instance.liveLists).map(([property, list]) => {
        this.#lists.set(`${bean}.${property}`, list)
        return { bean, property }
      })
    })
    this.#parts = containerParts(host.descriptors, this.places)
    this.#tops = this.#parts.items.flatMap(({ tops }) => tops).map((top) => this.#foundTop(top))
    const values = new Map(this.places.map((place) => [place, this.#valuesAt(place)]))
    this.#running = this.#parts.items.flatMap((definition) => {
      const index = Number(/\[(\d+)\]$/.exec(definition.id)?.[1])
      const value = values.get(definition.place)?.[index]
      const made = host.beans.filter(({ id }) => isWithin(id, definition.id))
      return value === undefined ? [] : [this.#itemOf(definition, definition.id, value, made)]
    })
  }

  get running(): readonly RunningItem[] {
    return this.#running
  }

  changesFor(descriptors: readonly CompiledDescriptor[]): ItemChanges {
    const after = containerParts(descriptors, this.places)
    const left = this.#running.map(({ definition }) => definition.print)
    const { fixed, added } = partsDifference(this.#parts, after, left)
    const removed = this.#running.filter(({ definition: { print } }) => {
      const at = left.indexOf(print)
      if (at >= 0) left.splice(at, 1)
      return at >= 0
    })
    return { fixed, removed, added }
  }

  /**
   * Makes items that are to come, and asks their lists whether they could have them. When it throws, nothing of them is left.
   * @param led ids of beans that others start
   */
  async make({ added, removed }: ItemChanges, led: ReadonlySet<string>): Promise<readonly RunningItem[]> {
    const made: RunningItem[] = []
    try {
      for (const definition of added) made.push(await this.#make(definition, led))
      for (const list of new Set([...made, ...removed].map((item) => item.list))) {
        const stay = this.#running.filter((item) => !removed.includes(item))
        list.check([...stay, ...made].filter((item) => item.list === list).map(({ value }) => value))
      }
      return made
    } catch (error) {
      for (const item of made.reverse()) await this.discard(item)
      throw error
    }
  }

  /** An item as it was, once more: from its definition. */
  remake(item: RunningItem, led: ReadonlySet<string>): Promise<RunningItem> {
    return this.#make(item.definition, led)
  }

  /** The item goes; what failed is returned. */
  async remove(item: RunningItem, end: (list: LiveList) => Promise<void>): Promise<readonly Error[]> {
    const failures: Error[] = []
    await end(item.list).catch((error: unknown) => {
      failures.push(error instanceof Error ? error : new Error(String(error)))
    })
    this.#running = this.#running.filter((each) => each !== item)
    return [...failures, ...(await this.#endBeans(item))]
  }

  /** An item that was made comes. When it rejects, nothing of it is left. */
  async add(item: RunningItem, begin: (list: LiveList) => Promise<void>): Promise<void> {
    const { definition } = item
    try {
      const tops = this.#topsOf(definition)
      await this.#host.startMade([...tops.flatMap(({ made }) => made), ...item.made], definition.place.bean)
      await begin(item.list)
      this.#coming.delete(item)
      this.#running = [...this.#running, item]
      for (const { id, product } of tops) this.#host.show(id, product)
    } catch (error) {
      await this.discard(item)
      throw error
    }
  }

  /** Ends the beans of an item that was made and is not added. */
  async discard(item: RunningItem): Promise<void> {
    this.#coming.delete(item)
    await this.#endBeans(item)
  }

  /** What the descriptors say now: what is not an item is as before. */
  follow(descriptors: readonly CompiledDescriptor[]): void {
    this.#parts = containerParts(descriptors, this.places)
  }

  async #make(definition: ItemDefinition, led: ReadonlySet<string>): Promise<RunningItem> {
    const { place, tops, recipe } = definition
    const id = this.#freeId(definition)
    this.#host.lead([...led].map((each) => renamedId(each, definition.id, id)))
    try {
      for (const top of tops) await this.#makeTop(top, definition)
      const needs = this.#needsOf(referencesOf(recipe), tops)
      const { product, made } = await this.#host.makeBefore(place.bean, renamed(recipe, definition.id, id), needs)
      const item = this.#itemOf(definition, id, product.product, made)
      this.#coming.add(item)
      return item
    } catch (error) {
      await this.#endUnused()
      throw error
    }
  }

  async #makeTop(top: TopDefinition, { tops, place }: ItemDefinition): Promise<void> {
    const { bean, print } = top
    if (this.#topOf(top) !== undefined) return
    if (this.#isFixed({ id: bean.id, print })) this.#tops = [...this.#tops, this.#foundTop(top)]
    else {
      const made = await this.#host.makeBefore(place.bean, bean.recipe, this.#needsOf(bean.dependencies, tops))
      this.#tops = [...this.#tops, { id: bean.id, print, ...made }]
    }
  }

  #topOf({ bean, print }: TopDefinition): RunningTop | undefined {
    return this.#tops.find((each) => each.id === bean.id && each.print === print)
  }

  /** Whether something that is no item needs it. */
  #isFixed({ id, print }: Pick<RunningTop, 'id' | 'print'>): boolean {
    return this.#parts.fixed.some((part) => part.name === id && part.print === print)
  }

  /** What these ids stand for, and their factories: of several beans of one id that of these definitions. */
  #needsOf(ids: readonly string[], tops: readonly TopDefinition[]): ReadonlyMap<string, unknown> {
    const both = ids.map(targetId).flatMap((id): [string, unknown][] => {
      const definition = tops.find(({ bean }) => bean.id === id)
      const { product } = (definition && this.#topOf(definition)) ?? { product: this.#shown(id) }
      return [
        [id, product.product],
        [`&${id}`, product.factory],
      ]
    })
    return new Map(both)
  }

  #topsOf({ tops }: ItemDefinition): readonly RunningTop[] {
    return tops.flatMap((top) => this.#topOf(top) ?? [])
  }

  #shown(id: string): Product {
    return this.#host.productOf(id) ?? { product: undefined, factory: undefined }
  }

  #foundTop({ bean: { id }, print }: TopDefinition): RunningTop {
    return { id, print, product: this.#shown(id), made: this.#host.beans.filter((bean) => isWithin(bean.id, id)) }
  }

  #valuesAt({ bean, property }: ListPlace): readonly unknown[] {
    const recipe = this.#host.descriptors.flatMap(({ beans }) => beans).find(({ id }) => id === bean)?.recipe
    const options = recipe?.kind === 'bean' && recipe.options?.kind === 'object' ? recipe.options.entries : []
    const list = options.find(([name]) => name === property)?.[1]
    return (list && this.#host.valuesOf(list)) ?? []
  }

  #itemOf(definition: ItemDefinition, id: string, value: unknown, made: readonly MadeBean[]): RunningItem {
    const { bean, property } = definition.place
    const list = this.#lists.get(`${bean}.${property}`)
    if (list === undefined) throw new Error(`${bean}.${property} is no live list`)
    return { definition, id, name: list.nameOf(value), value, list, made }
  }

  /** Its place in the list, unless beans of another item have their ids from there. */
  #freeId({ id, place: { bean, property } }: ItemDefinition): string {
    const taken = new Set([...this.#running, ...this.#coming].map((item) => item.id))
    let free = id
    for (let index = 0; taken.has(free); index++) free = `${bean}.${property}[${index}]`
    return free
  }

  async #endBeans(item: RunningItem): Promise<readonly Error[]> {
    return [...(await this.#host.endMade(item.made)), ...(await this.#endUnused())]
  }

  /** Top-level beans that no item needs any more, the newest first. */
  async #endUnused(): Promise<readonly Error[]> {
    const users = [...this.#running, ...this.#coming].map(({ definition }) => definition)
    const isUsed = (running: RunningTop): boolean =>
      this.#isFixed(running) || users.some((definition) => this.#topsOf(definition).includes(running))
    const unused = this.#tops.filter((top) => !isUsed(top)).toReversed()
    this.#tops = this.#tops.filter(isUsed)
    const failures: Error[] = []
    for (const top of unused) {
      failures.push(...(await this.#host.endMade(top.made)))
      if (!this.#tops.some(({ id }) => id === top.id)) this.#host.show(top.id, undefined)
    }
    return failures
  }
}
