import { FileMaxScnStore, isOpen, type MaxScn, type PlaceJournal, type Quarantine } from '@aesop/checkpoint'
import { messageOf, type Place, type PlaceChange, type PlaceDesk, type PlaceQuestion } from '@aesop/kernel'
import { type PlaceFinder } from '@aesop/producer'
import { PlaceUnsupportedError, ReleaseRefusedError } from './errors.ts'
import { forgottenText, gapOf, leftOutOf, openInterval, releaseChange } from './table-release.ts'

/** What a change of the place begins with. */
interface Now {
  readonly from: Place | undefined
  readonly floorScn: bigint
  /** The SCN space of what is stored, else of the readers; undefined: not known. */
  readonly scnSpace: string | undefined
  readonly effects: readonly string[]
  /** What is left out, which the record forgets with its place. */
  readonly leftOut: readonly Quarantine[]
}

/** The stored place of a physical source, for those who look at it and move it while the relay does not run. */
export class SourceDesk implements PlaceDesk {
  readonly kind = 'source'
  readonly name: string
  readonly keptIn: string
  readonly #store: FileMaxScnStore
  readonly #journal: PlaceJournal
  readonly #finder: PlaceFinder | undefined

  /** @param finder what the producer knows of its source; without one a place is an SCN and nothing else */
  constructor(name: string, path: string, journal: PlaceJournal, finder: PlaceFinder | undefined) {
    this.name = name
    this.keptIn = path
    this.#store = new FileMaxScnStore(path)
    this.#journal = journal
    this.#finder = finder
  }

  show(): Place | undefined {
    const stored = this.#store.load()
    return stored === undefined ? undefined : inSpace(this.#describe(stored), stored.scnSpace)
  }

  journal(): readonly object[] {
    return this.#journal.entries()
  }

  leftOut(): readonly object[] {
    return (this.#store.load()?.quarantines ?? []).filter(isOpen).map(leftOutOf)
  }

  locate(place: string): Promise<Place> {
    return this.#finder?.locate(place) ?? Promise.resolve({ scn: this.#scnOf(place) })
  }

  async set(question: PlaceQuestion): Promise<PlaceChange> {
    const now = this.#now(question)
    const { from, floorScn, effects } = now
    const found = (await this.#finder?.recordAt(question.to, floorScn)) ?? this.#scnRecord(question.to)
    // Without a finder SCNs go on from the one that is given, wherever they were.
    const goesOn = this.#finder !== undefined || found.record.scn >= floorScn
    const scnSpace = goesOn ? now.scnSpace : undefined
    const to = inSpace(found.place, scnSpace)
    return {
      from,
      to,
      effects: [...effects, ...movedEffects(from, to), ...readerEffects(floorScn, scnSpace)],
      apply: (reason) => this.#apply('set', recordIn(found.record, scnSpace), to, now, reason),
    }
  }

  reset(question: Omit<PlaceQuestion, 'to'>): Promise<PlaceChange> {
    const now = this.#now(question)
    const { from, floorScn, effects } = now
    const found = floorScn < 0n ? undefined : this.#finder?.recordAnew(floorScn)
    const scnSpace = found === undefined ? undefined : now.scnSpace
    const place = inSpace(found?.place ?? { note: 'nothing: the configuration decides at the next start' }, scnSpace)
    return Promise.resolve({
      from,
      to: place,
      effects: [
        ...effects,
        'startFrom (or initVal) decides at the next start: changes between the stored place and that one are skipped, or come again.',
        ...readerEffects(floorScn, scnSpace),
      ],
      apply: (reason) => this.#apply('reset', found && recordIn(found.record, scnSpace), place, now, reason),
    })
  }

  async pass({ to }: PlaceQuestion): Promise<PlaceChange> {
    const finder = this.#finder
    if (finder === undefined)
      throw new PlaceUnsupportedError(this.name, 'its producer reads no log that could be passed over')
    const { crc, ...at } = await finder.transactionAt(to)
    return {
      from: this.#now({ readersScn: -1n }).from,
      to: at,
      effects: [
        `the transaction at ${to} is passed over when the source meets it: no consumer gets its changes.`,
        'It is noted in the journal again when that has happened.',
      ],
      apply: (reason) => {
        this.#journal.append({ what: 'pass', reason, ...placeFields(at), ...(crc === undefined ? {} : { crc }) })
      },
    }
  }

  async release({ to: source, readersScn }: PlaceQuestion): Promise<PlaceChange> {
    const interval = openInterval(this.name, source, this.#store.load())
    const fault = await this.#finder?.faultRemains(interval)
    if (fault !== undefined) throw new ReleaseRefusedError(this.name, source, fault)
    return releaseChange(interval, readersScn, (record, entry) => {
      this.#journal.append(entry)
      return this.#store.save(record)
    })
  }

  /** What can't be read any more is no reason to refuse a change, which may be what mends it. */
  #now({ readersScn, readersScnSpace }: Omit<PlaceQuestion, 'to'>): Now {
    let floorScn = readersScn
    let scnSpace = readersScnSpace
    try {
      const stored = this.#store.load()
      if (stored === undefined) return { from: undefined, floorScn, scnSpace, effects: [], leftOut: [] }
      if (stored.scn > floorScn) floorScn = stored.scn
      scnSpace = stored.scnSpace ?? scnSpace
      const leftOut = (stored.quarantines ?? []).filter(isOpen)
      const from = inSpace(this.#describe(stored), stored.scnSpace)
      return { from, floorScn, scnSpace, effects: leftOut.map(forgottenText), leftOut }
    } catch (error) {
      const unreadable = `what is stored can not be read (${messageOf(error)}) and is replaced.`
      const others =
        'Registrations of other processes that stand at a higher SCN wait for it: state set --registration moves them.'
      return { from: undefined, floorScn, scnSpace, effects: [unreadable, others], leftOut: [] }
    }
  }

  #describe(stored: MaxScn): Place {
    return this.#finder?.describe(stored) ?? { scn: stored.scn }
  }

  async #apply(what: 'set' | 'reset', record: MaxScn | undefined, to: Place, now: Now, reason: string): Promise<void> {
    const { floorScn: fromScn, leftOut } = now
    // The journal first: a change that nobody can find again is worse than a line about one that a crash prevented.
    this.#journal.append({ what, reason, ...(fromScn < 0n ? {} : { fromScn }), ...placeFields(to) })
    for (const each of leftOut) this.#journal.append({ what: 'release', reason, ...gapOf(each, fromScn) })
    if (record === undefined) this.#store.clear()
    else await this.#store.save(record)
  }

  #scnRecord(to: string): { record: MaxScn; place: Place } {
    const scn = this.#scnOf(to)
    return { record: { scn, savedAtMs: Date.now() }, place: { scn } }
  }

  #scnOf(place: string): bigint {
    const digits = /^(?:scn:)?(\d{1,18})$/.exec(place)?.[1]
    if (digits === undefined)
      throw new PlaceUnsupportedError(this.name, `"${place}" is no SCN, and its producer knows no other places`)
    return BigInt(digits)
  }
}

function inSpace(place: Place, scnSpace: string | undefined): Place {
  return scnSpace === undefined ? place : { ...place, scnSpace }
}

function recordIn(record: MaxScn, scnSpace: string | undefined): MaxScn {
  return scnSpace === undefined ? record : { ...record, scnSpace }
}

function placeFields({ scn, file, position, gtid }: Place): object {
  return {
    ...(scn === undefined ? {} : { toScn: scn }),
    ...(file === undefined ? {} : { file }),
    ...(position === undefined ? {} : { position }),
    ...(gtid === undefined ? {} : { gtid }),
  }
}

/** What happens to the changes between two places of one log; where names do not tell, both are said. */
function movedEffects(from: Place | undefined, to: Place): string[] {
  const target = textOf(to)
  if (from?.file === undefined || to.file === undefined) {
    return [
      `reading goes on after ${target}: changes between there and what was read before are skipped, or come again.`,
    ]
  }
  const isForward = to.file === from.file ? (to.position ?? 0) > (from.position ?? 0) : to.file > from.file
  return isForward
    ? [
        `changes after ${textOf(from)} up to ${target} are SKIPPED: no consumer gets them. (If the log was reset: reading goes on after ${target}.)`,
      ]
    : [`changes after ${target} come (again, as far as they came before), with new SCNs.`]
}

function readerEffects(floorScn: bigint, scnSpace: string | undefined): string[] {
  if (floorScn < 0n) return []
  const named =
    scnSpace === undefined
      ? [
          'the source gets an SCN space at its next start: a registration whose checkpoint names another one stops by name (AESOP_RELAY_SCN_SPACE_FOREIGN), with the way on.',
        ]
      : []
  return [
    ...named,
    `registrations at SCN ${floorScn} go on with what comes next; one that is behind stops with ScnNotFoundException, and goes on with the oldest window after: aesop-launch state set <bootstrap.yaml> --registration <id> --to oldest. What it misses then is what was changed between its place and the new one.`,
  ]
}

function textOf({ scn, file, position, gtid, note }: Place): string {
  if (file !== undefined) return `${file}:${position ?? ''}`
  if (gtid !== undefined) return `GTID ${gtid}`
  return scn === undefined ? (note ?? 'nowhere') : `SCN ${scn}`
}
