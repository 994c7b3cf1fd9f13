import { type StartFrom } from '@aesop/wire'

/** A place of the stream where a registration begins that has no checkpoint; an SCN is one already. */
export type PlaceStart = StartFrom | { readonly kind: 'scn'; readonly scn: bigint }

/** Where a registration begins that has no checkpoint: at a place of the stream, or behind a snapshot of what is there. */
export type RegistrationStart = PlaceStart | { readonly kind: 'bootstrap' }

export const START_FROM_FORM =
  'earliest, latest, bootstrap, an SCN in decimal, or a time with its zone, like 2026-03-31T22:00:00Z or 2026-04-01T00:00:00.5+02:00'

const SCN_MAX = 2n ** 63n - 1n
const TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,3})?)?(Z|[+-](\d{2}):(\d{2}))$/

/** @returns undefined where it is none of `START_FROM_FORM` */
export function parseStartFrom(text: string): RegistrationStart | undefined {
  if (text === 'earliest' || text === 'latest' || text === 'bootstrap') return { kind: text }
  if (/^\d{1,19}$/.test(text)) return BigInt(text) <= SCN_MAX ? { kind: 'scn', scn: BigInt(text) } : undefined
  const ms = msOf(text)
  return ms === undefined || ms < 0 ? undefined : { kind: 'time', ms }
}

export function formatStartFrom(from: RegistrationStart): string {
  if (from.kind === 'scn') return `SCN ${from.scn}`
  return from.kind === 'time' ? new Date(from.ms).toISOString() : from.kind
}

/** `Date.parse` takes the 31st of February for one of March, and a time without a zone for one of this machine. */
function msOf(text: string): number | undefined {
  const [, year, month, day, hour, minute, second = '0', , zoneHour = '0', zoneMinute = '0'] = TIME.exec(text) ?? []
  if (year === undefined) return undefined
  const ms = Date.parse(text)
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  const isDay = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
  const isTime = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60
  const isZone = Number(zoneHour) < 24 && Number(zoneMinute) < 60
  return isDay && isTime && isZone && Number.isFinite(ms) ? ms : undefined
}
