import { type BootstrapPlace } from '@aesop/checkpoint'

/**
 * In which order the sources of a bootstrap are read, as Databus has it: the snapshot of the first, its log; the snapshot of the second,
 * the logs of the first and the second; and so on. Each round of logs ends at one target SCN for all its sources.
 */

/** Before anything is read or asked for. `sinceScn` 0n: the consumer has nothing. */
export function firstPlace(sources: readonly string[], sinceScn: bigint, scnSpace: string | undefined): BootstrapPlace {
  return snapshotOf(0, sources, { sinceScn, startScn: -1n, targetScn: -1n, server: undefined, scnSpace })
}

/** Whether the place is one of a bootstrap of these sources, in this order. */
export function isOf(place: BootstrapPlace, sources: readonly string[]): boolean {
  if (sources[place.snapshotIndex] !== place.snapshotSource) return false
  return place.phase === 'snapshot' || sources[place.catchupIndex] === place.catchupSource
}

/** What the place lacks: a start SCN, a target SCN, or events. */
export function lackOf({ phase, startScn, snapshotOffset }: BootstrapPlace): 'start' | 'target' | 'events' {
  if (startScn < 0n) return 'start'
  return phase === 'snapshot' && snapshotOffset < 0n ? 'target' : 'events'
}

/** The logs of this round end at the SCN. */
export function caughtUpTo(place: BootstrapPlace, targetScn: bigint, sources: readonly string[]): BootstrapPlace {
  return catchupOf(0, sources, { ...place, targetScn })
}

/** What comes when a snapshot or a log is read to its end; undefined: nothing, all sources are at the target SCN. */
export function afterPhase(place: BootstrapPlace, sources: readonly string[]): BootstrapPlace | undefined {
  const { phase, snapshotIndex, catchupIndex } = place
  if (phase === 'snapshot') return { ...place, snapshotOffset: -1n }
  if (catchupIndex < snapshotIndex) return catchupOf(catchupIndex + 1, sources, place)
  return snapshotIndex + 1 < sources.length ? snapshotOf(snapshotIndex + 1, sources, place) : undefined
}

/**
 * The place behind a batch: of what a server says only how far it has come is taken.
 * @returns undefined where that is no step onward
 */
export function movedBy(place: BootstrapPlace, said: BootstrapPlace | undefined): BootstrapPlace | undefined {
  if (said?.phase !== place.phase) return undefined
  if (place.phase === 'snapshot') {
    const { snapshotOffset } = said
    return snapshotOffset > place.snapshotOffset ? { ...place, snapshotOffset } : undefined
  }
  const { windowScn, windowOffset } = said
  return windowOffset > place.windowOffset ? { ...place, windowScn, windowOffset } : undefined
}

type Scns = Pick<BootstrapPlace, 'sinceScn' | 'startScn' | 'targetScn' | 'server' | 'storeId' | 'scnSpace'>

function snapshotOf(index: number, sources: readonly string[], scns: Scns): BootstrapPlace {
  return {
    ...scns,
    phase: 'snapshot',
    snapshotSource: sources[index] ?? '',
    snapshotIndex: index,
    snapshotOffset: 0n,
    catchupSource: '',
    catchupIndex: 0,
    windowScn: -1n,
    windowOffset: -1n,
  }
}

function catchupOf(index: number, sources: readonly string[], place: BootstrapPlace): BootstrapPlace {
  const catchupSource = sources[index] ?? ''
  const log = { catchupSource, catchupIndex: index, windowScn: place.startScn, windowOffset: 0n }
  return { ...place, phase: 'catchup', snapshotOffset: -1n, ...log }
}
