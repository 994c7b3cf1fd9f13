import { Checkpoint } from '@aesop/checkpoint'
import { type RelayLink } from '@aesop/wire'
import { type Dispatcher } from './dispatcher.ts'
import { type SourceCatalogue } from './source-catalogue.ts'
import { type PlaceStart } from './start-from.ts'

/**
 * The place where a registration begins that has none stored, as its `startFrom` says. It is asked for once, and stored before a window
 * is asked for: a process that is killed, or is down for long before the first window, finds it there again.
 *
 * | it is killed              | at the next start                                              |
 * |---------------------------|----------------------------------------------------------------|
 * | before a relay has said   | is asked for anew: nobody was told a place yet                 |
 * | before it is stored       | the same; while the process lives a failed store is tried again with the place that was told |
 * | behind that               | there, whatever came meanwhile                                 |
 */
export class FirstPlace {
  readonly #from: PlaceStart
  #found: Checkpoint | undefined

  constructor(from: PlaceStart) {
    this.#from = from
  }

  /** @throws CheckpointUnwritableError, and whatever the relay or the network says */
  async begin(
    dispatcher: Dispatcher,
    link: Pick<RelayLink, 'startPlace'>,
    catalogue: SourceCatalogue,
    signal: AbortSignal,
  ): Promise<void> {
    if (dispatcher.hasBegun) return
    this.#found ??= await this.#find(link, catalogue, signal)
    await dispatcher.beginAt(this.#found)
  }

  async #find(
    link: Pick<RelayLink, 'startPlace'>,
    catalogue: SourceCatalogue,
    signal: AbortSignal,
  ): Promise<Checkpoint> {
    if (this.#from.kind === 'scn') return Checkpoint.online(this.#from.scn)
    const { scn, scnSpace } = await link.startPlace(catalogue.ids, this.#from, signal)
    return Checkpoint.online(scn, -1n, scnSpace)
  }
}
