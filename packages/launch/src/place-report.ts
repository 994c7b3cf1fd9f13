import { formatJson, messageOf, visibleText, type Place, type PlaceChange, type PlaceDesk } from '@aesop/kernel'

const JOURNAL_LINES = 10

/** A place with its time as text, ISO 8601: what machines read. */
export type PlaceRecord = Omit<Place, 'timeMs'> & { readonly time?: string }

/** What `state show` says of one desk. */
export interface DeskReport {
  readonly kind: PlaceDesk['kind']
  readonly name: string
  readonly keptIn: string
  readonly place?: PlaceRecord
  /** Why the place can't be read. */
  readonly error?: string
  /** Tables whose rows are left out now. */
  readonly leftOut?: readonly object[]
  readonly journal: readonly object[]
}

export async function deskReport(desk: PlaceDesk): Promise<DeskReport> {
  const { kind, name, keptIn } = desk
  const known = { kind, name, keptIn, journal: desk.journal() }
  try {
    const place = await desk.show()
    const leftOut = (await desk.leftOut?.()) ?? []
    return {
      ...known,
      ...(place === undefined ? {} : { place: placeRecord(place) }),
      ...(leftOut.length === 0 ? {} : { leftOut }),
    }
  } catch (error) {
    return { ...known, error: messageOf(error) }
  }
}

export function deskText({ kind, name, keptIn, place, error, leftOut = [], journal }: DeskReport): string {
  const stands = error === undefined ? placeText(place) : `can not be read: ${visibleText(error)}`
  const older = journal.length > JOURNAL_LINES ? [`  journal  ${journal.length - JOURNAL_LINES} older entries`] : []
  const lines = journal.slice(-JOURNAL_LINES).map((entry) => `  journal  ${formatJson(entry)}`)
  const gaps = leftOut.map((gap) => `  left out ${formatJson(gap)}`)
  return [
    `${kind} ${visibleText(name)}`,
    `  place    ${stands}`,
    `  kept in  ${keptIn}`,
    ...gaps,
    ...older,
    ...lines,
  ].join('\n')
}

export function changeText(desk: PlaceDesk, { from, to, effects }: PlaceChange): string {
  const [before, after] = [from, to].map((place) => placeText(place === undefined ? undefined : placeRecord(place)))
  const lines = effects.map((effect) => `  effect   ${visibleText(effect)}`)
  return [
    `${desk.kind} ${visibleText(desk.name)}`,
    `  from     ${before ?? ''}`,
    `  to       ${after ?? ''}`,
    ...lines,
  ].join('\n')
}

export function placeRecord({ timeMs, ...rest }: Place): PlaceRecord {
  return { ...rest, ...(timeMs === undefined ? {} : { time: new Date(timeMs).toISOString() }) }
}

export function placeText(place: PlaceRecord | undefined): string {
  if (place === undefined) return 'none is stored'
  const { scn, scnSpace, file, position, gtid, time, note } = place
  const parts = [
    scn === undefined ? undefined : `SCN ${scn}`,
    scnSpace === undefined ? undefined : `SCN space ${scnSpace}`,
    file === undefined ? undefined : `${file}:${position ?? ''}`,
    gtid === undefined ? undefined : `GTID ${gtid}`,
    time,
    note,
  ]
  return visibleText(parts.filter((part) => part !== undefined).join(', '))
}
