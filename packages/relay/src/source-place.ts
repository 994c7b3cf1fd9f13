import { FileMaxScnStore, MemoryMaxScnStore, type MaxScnStore, PlaceJournal } from '@aesop/checkpoint'
import { type BeanContext, claimName, namedPath, type PlaceDesk } from '@aesop/kernel'
import { type PlaceFinder } from '@aesop/producer'
import { join, resolve } from 'node:path'
import { SourceNameTakenError } from './errors.ts'
import { SourceDesk } from './source-desk.ts'
import { type SourceSettings } from './source-settings.ts'

/** Where it is kept how far a physical source has come, and by whose hand that was moved. */
export class SourcePlace {
  readonly journal: PlaceJournal
  readonly #name: string
  readonly #isKept: boolean
  readonly #path: string
  readonly #shared: BeanContext['shared']
  #release: (() => void) | undefined

  constructor(name: string, settings: SourceSettings, { projectsRoot, stateDirectory, shared }: BeanContext) {
    this.#name = name
    this.#isKept = settings.keepsMaxScn
    this.#shared = shared
    this.journal = new PlaceJournal(stateDirectory, 'source', name)
    const { maxScnDirectory: given } = settings
    const folder = given === undefined ? join(stateDirectory, 'maxscn') : resolve(projectsRoot, given)
    this.#path = namedPath(folder, name, '.json', [name.replace(/[^\w.-]+/g, '_')])
  }

  /** @throws SourceNameTakenError when another source of the process keeps its place in the same file */
  claim(): void {
    if (!this.#isKept) return
    this.#release = claimName(this.#shared, 'file of a source', this.#path.toLowerCase())
    if (this.#release === undefined) throw new SourceNameTakenError(this.#name, this.#path)
  }

  release(): void {
    this.#release?.()
  }

  store(): MaxScnStore {
    return this.#isKept ? new FileMaxScnStore(this.#path) : new MemoryMaxScnStore()
  }

  /** For those who show and move the place while nothing runs; none, where it is not kept. */
  async desks(finder: () => Promise<PlaceFinder | undefined>): Promise<readonly PlaceDesk[]> {
    if (!this.#isKept) return []
    return [new SourceDesk(this.#name, this.#path, this.journal, await finder())]
  }
}
