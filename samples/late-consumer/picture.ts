/** One line of the sample's consumer. */
type ConsumerLine =
  { readonly bootstrap: 'begins' | 'complete' | 'ends' } | { readonly phase: Phase; readonly event: ItemChange }

export type Phase = 'snapshot' | 'catch-up' | 'live'

interface ItemChange {
  readonly opcode: 'UPSERT' | 'DELETE'
  readonly key: string
  readonly row: Readonly<Record<string, unknown>>
}

/** Stock by id. */
export type Items = ReadonlyMap<number, number>

/** What the consumer's lines come to: the copy that a search index would be. It outlives the consumer's process. */
export class Picture {
  readonly items = new Map<number, number>()
  readonly rows: Record<Phase, number> = { snapshot: 0, 'catch-up': 0, live: 0 }
  bootstraps = 0
  isBootstrapping = false

  take(text: string): void {
    const line = JSON.parse(text) as ConsumerLine
    if ('bootstrap' in line) this.#tell(line.bootstrap)
    else this.#apply(line.phase, line.event)
  }

  equals(table: Items): boolean {
    return this.items.size === table.size && [...table].every(([id, stock]) => this.items.get(id) === stock)
  }

  /** Before another bootstrap is counted. */
  forgetCounts(): void {
    for (const phase of ['snapshot', 'catch-up', 'live'] as const) this.rows[phase] = 0
  }

  #tell(what: 'begins' | 'complete' | 'ends'): void {
    this.isBootstrapping = what !== 'ends'
    if (what === 'ends') this.bootstraps++
    if (what === 'complete') this.items.clear()
  }

  #apply(phase: Phase, { opcode, key, row }: ItemChange): void {
    this.rows[phase]++
    if (opcode === 'DELETE') this.items.delete(Number(key))
    else this.items.set(Number(key), Number(row['stock']))
  }
}
