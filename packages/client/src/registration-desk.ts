import {
  type BootstrapPlace,
  bootstrapPlaceOf,
  Checkpoint,
  type CheckpointStore,
  type PlaceJournal,
} from '@aesop/checkpoint'
import { messageOf, type Place, type PlaceChange, type PlaceDesk, type PlaceQuestion } from '@aesop/kernel'
import { whereOf } from './bootstrap/bootstrap-report.ts'
import { RegistrationPlaceError } from './errors.ts'
import { formatStartFrom, type RegistrationStart } from './start-from.ts'

const OLDEST = 'the oldest window that its relay has, unless its properties say otherwise'
const SCN_MAX = 2n ** 63n - 1n

/** The checkpoint of a registration, for those who look at it and move it while its client does not run. */
export class RegistrationDesk implements PlaceDesk {
  readonly kind = 'registration'
  readonly name: string
  readonly keptIn: string
  readonly #store: CheckpointStore
  readonly #journal: PlaceJournal
  readonly #startFrom: RegistrationStart | undefined

  /** @param startFrom where it begins without a checkpoint, for people; undefined: nobody said */
  constructor(id: string, path: string, store: CheckpointStore, journal: PlaceJournal, startFrom?: RegistrationStart) {
    this.name = id
    this.keptIn = path
    this.#store = store
    this.#journal = journal
    this.#startFrom = startFrom
  }

  async show(): Promise<Place | undefined> {
    const checkpoint = await this.#store.load()
    if (checkpoint !== undefined) return placeOf(checkpoint)
    return this.#startFrom === undefined ? undefined : this.#nothing()
  }

  journal(): readonly object[] {
    return this.#journal.entries()
  }

  locate(place: string): Promise<Place> {
    return Promise.reject(
      new RegistrationPlaceError(this.name, place, 'only a source knows the log: name one with --source'),
    )
  }

  async set({ to, readersScn }: PlaceQuestion): Promise<PlaceChange> {
    const checkpoint = this.#checkpointFor(to, readersScn)
    const place = placeOf(checkpoint)
    return this.#change('set', place, effectsOf(place), () => this.#store.save(checkpoint))
  }

  async reset(): Promise<PlaceChange> {
    const place = this.#nothing()
    const effects = [
      `the registration begins as a new one, with ${this.#start}: what lies between is skipped, or comes again.`,
    ]
    return this.#change('reset', place, effects, () => this.#store.clear())
  }

  pass({ to }: PlaceQuestion): Promise<PlaceChange> {
    return Promise.reject(
      new RegistrationPlaceError(this.name, to, 'a source passes over a transaction: name one with --source'),
    )
  }

  release({ to }: PlaceQuestion): Promise<PlaceChange> {
    return Promise.reject(
      new RegistrationPlaceError(this.name, to, 'a source releases its tables: name one with --source'),
    )
  }

  #nothing(): Place {
    return { note: `nothing: it begins with ${this.#start}` }
  }

  /** Where it begins without a checkpoint, for people. */
  get #start(): string {
    return this.#startFrom === undefined ? OLDEST : `startFrom: ${formatStartFrom(this.#startFrom)}`
  }

  async #change(
    what: 'set' | 'reset',
    to: Place,
    effects: readonly string[],
    make: () => void | Promise<void>,
  ): Promise<PlaceChange> {
    const { from, unreadable } = await this.#now()
    return {
      from,
      to,
      effects: [...unreadable, ...effects],
      apply: (reason) => {
        const fromScn = from?.scn === undefined ? {} : { fromScn: from.scn }
        this.#journal.append({ what, reason, ...fromScn, ...(to.scn === undefined ? {} : { toScn: to.scn }) })
        return make()
      },
    }
  }

  async #now(): Promise<{ from: Place | undefined; unreadable: string[] }> {
    try {
      return { from: await this.show(), unreadable: [] }
    } catch (error) {
      return { from: undefined, unreadable: [`what is stored can not be read (${messageOf(error)}) and is replaced.`] }
    }
  }

  #checkpointFor(to: string, sourceScn: bigint): Checkpoint {
    if (to === 'oldest') return Checkpoint.flexible()
    if (to === 'latest') {
      if (sourceScn >= 0n) return Checkpoint.online(sourceScn)
      throw new RegistrationPlaceError(
        this.name,
        to,
        'no single source with a stored place is in this process; give an SCN',
      )
    }
    const digits = /^(?:scn:)?(\d{1,19})$/.exec(to)?.[1]
    if (digits === undefined || BigInt(digits) > SCN_MAX) {
      throw new RegistrationPlaceError(this.name, to, 'expected oldest, latest or an SCN')
    }
    return Checkpoint.online(BigInt(digits))
  }
}

function placeOf(checkpoint: Checkpoint): Place {
  const place = bootstrapPlaceOf(checkpoint)
  if (place !== undefined) return placeInBootstrap(place)
  if (checkpoint.isFlexible) return { note: 'the oldest window that its relay has' }
  const { windowScn, windowOffset, prevScn, tsNanos, scnSpace } = checkpoint
  const more = {
    ...(scnSpace === undefined ? {} : { scnSpace }),
    ...(tsNanos > 0n ? { timeMs: Number(tsNanos / 1_000_000n) } : {}),
  }
  if (checkpoint.isFullyConsumed) return { scn: windowScn, ...more }
  return {
    ...(prevScn < 0n ? {} : { scn: prevScn }),
    ...more,
    note: `and ${windowOffset} events of window ${windowScn}`,
  }
}

function placeInBootstrap(place: BootstrapPlace): Place {
  const { sinceScn, scnSpace, server } = place
  const from = sinceScn > 0n ? `since SCN ${sinceScn}` : 'from nothing'
  const at = server === undefined ? '' : `, from ${server}`
  return {
    ...(scnSpace === undefined ? {} : { scnSpace }),
    note: `within a bootstrap ${from}: ${whereOf(place)}${at}`,
  }
}

function effectsOf({ scn }: Place): string[] {
  if (scn === undefined) return ['the registration goes on with the oldest window that its relay has when it asks.']
  return [
    `the registration goes on with the first window after SCN ${scn}: what it had not read up to there is SKIPPED, what it had read after it comes again.`,
    'If its relay does not hold that place any more, it stops and says so. The SCN is taken for one of the SCN space of its relay.',
  ]
}
