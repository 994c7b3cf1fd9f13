import { type JournalEntry, type PlaceJournal } from '@aesop/checkpoint'
import { type Logger, messageOf, type Metric } from '@aesop/kernel'
import { type PassedOver, type PassOver } from '@aesop/producer'

const KINDS = ['set', 'reset', 'pass', 'passed', 'release'] as const

/** The journal of a source as its running relay uses it: what is to be passed over, and what has been. */
export class PassedOverNotes {
  /** Read once: the journal is written by hand only while no relay runs. */
  readonly wanted: readonly PassOver[]
  readonly #journal: PlaceJournal
  readonly #log: Logger
  readonly #counts = new Map<JournalEntry['what'], number>(KINDS.map((what) => [what, 0]))
  readonly #noted = new Set<string>()

  constructor(journal: PlaceJournal, log: Logger) {
    this.#journal = journal
    this.#log = log
    const entries = journal.entries().filter((entry) => 'what' in entry)
    for (const entry of entries) this.#count(entry.what)
    for (const entry of entries) if (entry.what === 'passed') this.#noted.add(keyOf(entry))
    this.wanted = entries.filter(({ what }) => what === 'pass').flatMap(passOverOf)
  }

  /** A transaction that is read again after a restart is passed over again, and noted once. */
  readonly passed = (passed: PassedOver): void => {
    const { file, position, rowsEvents } = passed
    if (this.#noted.has(keyOf(passed))) return
    this.#noted.add(keyOf(passed))
    this.#count('passed')
    this.#log.warn('a transaction was passed over, as asked for', { file, position, rowsEvents })
    try {
      this.#journal.append({ what: 'passed', reason: 'as asked for', ...passed }, 'the relay')
    } catch (error) {
      // What was asked for is in the journal; a full disk is no reason to stop the source.
      this.#log.error('a transaction that was passed over could not be noted', { error: messageOf(error) })
    }
  }

  metrics(): readonly Metric[] {
    return [...this.#counts].map(([what, value]) => ({
      name: 'aesop_relay_passed_over_total',
      help: 'Entries of the journal of the source: places set or reset by hand, transactions to pass, transactions passed over, tables released.',
      type: 'counter',
      value,
      labels: { what },
    }))
  }

  #count(what: JournalEntry['what']): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }
}

function keyOf({ file, position, gtid, crc }: Partial<PassOver>): string {
  return JSON.stringify([file, position, gtid, crc])
}

function passOverOf({ file, position, gtid, crc }: JournalEntry): PassOver[] {
  if (file === undefined || position === undefined) return []
  const known = { ...(gtid === undefined ? {} : { gtid }), ...(crc === undefined ? {} : { crc }) }
  return [{ file, position, ...known }]
}
