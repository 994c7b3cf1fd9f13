import { isOpen, type JournalEntry, type MaxScn, type Quarantine } from '@aesop/checkpoint'
import { type PlaceChange } from '@aesop/kernel'
import { ReleaseRefusedError } from './errors.ts'

/** The interval of a record that somebody releases, and the record. */
type OpenInterval = Quarantine & { readonly record: MaxScn }

/** @throws ReleaseRefusedError when no rows of the source are left out any more */
export function openInterval(physicalSource: string, source: string, record: MaxScn | undefined): OpenInterval {
  const open = (record?.quarantines ?? []).filter(isOpen)
  const interval = open.find((each) => each.source === source)
  if (record !== undefined && interval !== undefined) return { ...interval, record }
  const names = open.map((each) => each.source)
  const found = names.length === 0 ? 'of no table' : `of ${names.join(', ')}`
  throw new ReleaseRefusedError(physicalSource, source, `none of its rows are left out; rows ${found} are`)
}

/** What a place that is moved by hand means for rows that are left out: the record forgets the intervals. */
export function forgottenText({ source, scn, code, reason, rows, uncountedEvents }: Quarantine): string {
  return `rows of ${source}, left out from SCN ${scn} on, are delivered again from the new place on, without an event RELEASED: ${reason} (${code}). Of ${countText(rows, uncountedEvents)} no consumer gets those that stand before it.`
}

type Gap = Pick<JournalEntry, 'fromScn' | 'source' | 'fault' | 'rows' | 'uncountedEvents'>

/** What an interval leaves out, in the words of the journal. */
export function leftOutOf({ scn, source, code, reason, rows, uncountedEvents }: Quarantine): Gap {
  return { fromScn: scn, source, fault: `${code}: ${reason}`, rows, uncountedEvents }
}

/** An interval that ends by hand, as the journal keeps it. */
export function gapOf(interval: Quarantine, toScn: bigint): Gap & Pick<JournalEntry, 'toScn'> {
  return { ...leftOutOf(interval), toScn }
}

/**
 * Ends an interval behind everything that was read: behind the stored place, and behind what readers have. Below that, a log that
 * is read again leaves out the same rows.
 *
 * @param save makes the change: what is stored then, and the line of the journal, which goes first
 */
export function releaseChange(
  interval: OpenInterval,
  readersScn: bigint,
  save: (record: MaxScn, entry: Omit<JournalEntry, 'time' | 'kind' | 'name' | 'who'>) => Promise<void>,
): PlaceChange {
  const { record, source, scn: fromScn, code, reason: fault, rows, uncountedEvents } = interval
  const untilScn = [record.scn, readersScn, interval.countedScn].reduce((most, scn) => (scn > most ? scn : most))
  const isReleased = (each: Quarantine): boolean => isOpen(each) && each.source === source
  const quarantines = (record.quarantines ?? []).map((each) => (isReleased(each) ? { ...each, untilScn } : each))
  return {
    from: { scn: fromScn },
    to: { scn: untilScn },
    effects: [
      `rows of ${source} after SCN ${untilScn} are delivered again, behind an event RELEASED in front of the first one.`,
      `${countText(rows, uncountedEvents)} before that, from SCN ${fromScn} on, stay left out: ${fault} (${code}). No consumer gets them.`,
      'If the fault comes again, rows are left out again from there on.',
    ],
    apply: (reason) => save({ ...record, quarantines }, { what: 'release', reason, ...gapOf(interval, untilScn) }),
  }
}

function countText(rows: number, uncountedEvents: number): string {
  const uncounted = uncountedEvents === 0 ? '' : ` and the rows of ${uncountedEvents} events that nobody could count`
  return `${rows} rows${uncounted}`
}
