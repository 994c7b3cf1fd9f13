import type { PreparedContainer } from '../descriptor/launch-preparation.ts'
import { LaunchStoppedError } from '../errors.ts'
import { ReloadFailedError } from './operation-errors.ts'
import { ComponentContainer, type ContainerState, type ProcessContext } from './component-container.ts'
import { fileStamp, moduleFiles } from './definition-fingerprint.ts'

/**
 * One place in the list of containers of a process, with the definition that holds now. Its beans may end and be made
 * anew, each time as a fresh `ComponentContainer`. The caller sees to it that one operation runs at a time.
 */
export class ManagedContainer {
  readonly name: string
  readonly onFailure: 'abort' | 'continue'
  readonly #process: ProcessContext
  readonly #codeStamps: Map<string, string>
  #prepared: PreparedContainer
  #current: ComponentContainer
  #failure: Error | undefined

  constructor(prepared: PreparedContainer, context: ProcessContext) {
    this.name = prepared.name
    this.onFailure = prepared.onFailure
    this.#prepared = prepared
    this.#process = context
    this.#current = this.#create()
    this.#codeStamps = new Map(moduleFiles(prepared).map((path) => [path, fileStamp(path)]))
  }

  get state(): ContainerState {
    return this.#current.state
  }

  get current(): ComponentContainer {
    return this.#current
  }

  get prepared(): PreparedContainer {
    return this.#prepared
  }

  /** Why the container is in the state `failed`. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Files of the user's classes that were written since they were loaded: Node loads a module once per process. */
  changedCode(): readonly string[] {
    return [...this.#codeStamps].flatMap(([path, stamp]) => (fileStamp(path) === stamp ? [] : [path]))
  }

  /** Stops and destroys the beans; what failed is returned. */
  async end(endState: 'stopped' | 'failed' = 'stopped'): Promise<Error[]> {
    this.#current.announceStop()
    return [...(await this.#current.stop()), ...(await this.#current.destroy(endState))]
  }

  /** Ends the beans after a failure; the container stays unreachable until it is started again. */
  async endFailed(failure: unknown): Promise<void> {
    this.#failure = failure instanceof Error ? failure : new Error(String(failure))
    await this.end('failed')
  }

  /** Makes and starts the beans anew. When that fails, what was made is ended before this rejects. */
  async startAnew(): Promise<void> {
    this.#process.checkGoingOn()
    this.#current = this.#create()
    this.#failure = undefined
    try {
      await this.#current.build()
      await this.#current.start()
    } catch (error) {
      await (error instanceof LaunchStoppedError ? this.end() : this.endFailed(error))
      throw error
    }
  }

  /**
   * Ends the beans and makes those of another definition. When they fail to start, the definition before is made again.
   * @returns what failed while the old beans were stopped
   * @throws ReloadFailedError when the new definition failed to start
   */
  async replaceBy(next: PreparedContainer): Promise<readonly Error[]> {
    this.#process.checkGoingOn()
    const before = this.#prepared
    const stopFailures = await this.end()
    this.#prepared = next
    try {
      await this.startAnew()
      return stopFailures
    } catch (cause) {
      this.#prepared = before
      this.#process.checkGoingOn()
      await this.startAnew().catch((restoreFailure: unknown) => {
        throw new ReloadFailedError(this.name, cause, restoreFailure)
      })
      throw new ReloadFailedError(this.name, cause)
    }
  }

  /** The definition that holds from now on; what runs already is as it says, or is being made so. */
  follow(next: PreparedContainer): void {
    this.#prepared = next
    this.#current.live?.follow(next.descriptors)
    for (const path of moduleFiles(next)) if (!this.#codeStamps.has(path)) this.#codeStamps.set(path, fileStamp(path))
  }

  #create(): ComponentContainer {
    const { name, onFailure, descriptors } = this.#prepared
    return new ComponentContainer(name, onFailure, descriptors, this.#process)
  }
}
