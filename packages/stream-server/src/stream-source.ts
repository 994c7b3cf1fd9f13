import { type EventEmitter } from 'node:events'
import { ConnectionSchemas } from './connection-schemas.ts'
import { type ServedSource } from './served-source.ts'
import { WindowSignal } from './window-signal.ts'

/** A physical source, with what the streams of it have together. */
export class StreamSource {
  readonly served: ServedSource
  readonly signal = new WindowSignal()
  readonly connectionSchemas: ConnectionSchemas
  /** Ids of all logical sources whose events are in its windows. */
  readonly ids: ReadonlySet<number>
  /** Those of the tables: what a reader gets that asks for all. */
  readonly tableIds: ReadonlySet<number>
  readonly #undo: (() => void)[] = []

  constructor(served: ServedSource) {
    this.served = served
    this.connectionSchemas = new ConnectionSchemas(served.schemas)
    this.ids = new Set(served.served.map(({ id }) => id))
    this.tableIds = new Set(served.tables.map(({ id }) => id))
  }

  get scnSpace(): string | undefined {
    return this.served.scnSpace
  }

  /** How `/bufferInfo` and messages call it. */
  get label(): string {
    return `${this.served.name}:${this.served.id}`
  }

  /** Names of its tables with these ids. */
  tablesOf(ids: ReadonlySet<number>): string[] {
    return this.served.tables.filter(({ id }) => ids.has(id)).map(({ name }) => name)
  }

  /** Takes note of each connection, and wakes its streams at each window, from now on. */
  open(server: EventEmitter): void {
    this.#undo.push(this.connectionSchemas.watch(server), this.served.windows.subscribe(this.signal.windowClosed))
  }

  close(): void {
    for (const undo of this.#undo.splice(0)) undo()
  }
}
