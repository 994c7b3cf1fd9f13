import { type BootstrapStore, type LogBounds, type StoreReader, type StoreWriter } from '@aesop/bootstrap-store'

/** A store whose one writer several producers of a process have together: it is opened by the first, and closed behind the last. */
export class SharedWriter implements BootstrapStore {
  readonly #store: BootstrapStore
  #writer: Promise<StoreWriter> | undefined
  #users = 0

  constructor(store: BootstrapStore) {
    this.#store = store
  }

  get name(): string {
    return this.#store.name
  }

  async openWriter(bounds?: LogBounds): Promise<StoreWriter> {
    this.#users++
    try {
      const writer = await (this.#writer ??= this.#store.openWriter(bounds))
      return sharedBy(writer, () => this.#leave(writer))
    } catch (error) {
      this.#users--
      this.#writer = undefined
      throw error
    }
  }

  openReader(): Promise<StoreReader> {
    return this.#store.openReader()
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async #leave(writer: StoreWriter): Promise<void> {
    this.#users--
    if (this.#users > 0) return
    this.#writer = undefined
    await writer.close()
  }
}

/** The same writer, whose end is that of one of its users. Twice is harmless. */
function sharedBy(writer: StoreWriter, leave: () => Promise<void>): StoreWriter {
  let closing: Promise<void> | undefined
  return new Proxy(writer, {
    get: (target, name) => {
      if (name === 'close') return () => (closing ??= leave())
      const member = Reflect.get(target, name, target) as ((...given: unknown[]) => unknown) | undefined
      return member?.bind(target)
    },
  })
}
