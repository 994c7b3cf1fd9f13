import { type BootstrapStore, SqliteStore, type StoreReader, type StoreWriter } from '@aesop/bootstrap-store'

type Told = (method: string, ...given: readonly unknown[]) => Error | undefined

/** A store whose writer does what it is told to before and behind what it is asked for. */
export class TrickyStore implements BootstrapStore {
  readonly #store: SqliteStore
  /** Called before each call of the writer; what it returns is what the call rejects with, and nothing is done. */
  before: Told = () => undefined
  /** Called behind each call that was done; what it returns is what the call rejects with. */
  behind: Told = () => undefined
  /** How often each call was made. */
  readonly calls = new Map<string, number>()

  constructor(path: string) {
    this.#store = new SqliteStore({ path })
  }

  get name(): string {
    return this.#store.name
  }
  async openWriter(): Promise<StoreWriter> {
    const writer = await this.#store.openWriter()
    return new Proxy(writer, {
      get: (target, name) => {
        const member = Reflect.get(target, name, target) as ((...given: readonly unknown[]) => unknown) | undefined
        if (member === undefined) return undefined
        return (...given: readonly unknown[]) => this.#call(String(name), given, () => member.apply(target, [...given]))
      },
    })
  }
  openReader(): Promise<StoreReader> {
    return this.#store.openReader()
  }
  close(): Promise<void> {
    return this.#store.close()
  }

  async #call(method: string, given: readonly unknown[], work: () => unknown): Promise<unknown> {
    this.calls.set(method, (this.calls.get(method) ?? 0) + 1)
    const fault = this.before(method, ...given)
    if (fault !== undefined) throw fault
    const result = await work()
    const late = this.behind(method, ...given)
    if (late !== undefined) throw late
    return result
  }
}
