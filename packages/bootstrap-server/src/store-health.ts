import { type SourceState } from '@aesop/bootstrap-store'
import { type Health, messageOf } from '@aesop/kernel'

/**
 * A server is well when everybody who asks is served; else it is degraded, and says which source is not and why: a store that is not
 * there or fails may be there again, and clients wait.
 */
export function storeHealth(sources: readonly SourceState[], fault: unknown): Health {
  if (fault !== undefined) return { status: 'degraded', detail: `nobody is served: ${messageOf(fault)}` }
  if (sources.length === 0) return { status: 'degraded', detail: 'nobody is served: the store has no sources yet' }
  const out = sources.filter(({ status }) => status !== 'ACTIVE')
  if (out.length === 0) return { status: 'up' }
  return { status: 'degraded', detail: `not served: ${out.map(whyNot).join('; ')}` }
}

function whyNot(source: SourceState): string {
  return `${source.name} (${REASONS[source.status](source)})`
}

const REASONS: Readonly<Record<SourceState['status'], (source: SourceState) => string>> = {
  NEW: ({ seeding }) =>
    seeding === undefined ? 'its rows were not read yet' : 'its table was changed since its rows were read',
  SEEDING: ({ seeding }) => `its rows are being read, ${seeding?.rows ?? 0n} so far`,
  SEEDING_CATCHUP: ({ seeding, stream }) =>
    `its rows were read, and the log is applied up to SCN ${stream.appliedScn} of ${seeding?.endScn ?? -1n}`,
  ACTIVE: () => 'it is served',
  INACTIVE: () => 'its relay leaves out rows of its table, or it was taken out by hand',
  FELL_OFF_RELAY: () => 'windows of its relay are missing: its rows have to be read again',
}
