import { type MaxScn, type Quarantine } from '@aesop/checkpoint'
import { type Place } from '@aesop/kernel'
import { type PassOver } from './pass-over.ts'

/** What is to be stored so that a source goes on at a place, and which place that is. */
export interface PlaceRecord {
  readonly record: MaxScn
  readonly place: Place
}

/**
 * What a producer knows of places of its source without being started, for those who show and move what is stored of it.
 * Nothing that it asks for disturbs a producer of the same source that runs meanwhile.
 *
 * SCNs never go back for a reader, whatever the history of the source: every window after a record of `recordAt` or
 * `recordAnew` has an SCN above `floorScn`, the highest that was stored or that a reader stands at. A reader at `floorScn`
 * goes on with the first window after the place; one below it is told by name that its place is not there any more.
 */
export interface PlaceFinder {
  /** What a stored record says, without asking the source. @throws AesopError when it can't be used */
  describe(stored: MaxScn): Place
  /** @throws AesopError when there is no such place between two transactions of the source */
  locate(place: string): Promise<Place>
  /** @throws AesopError as `locate`, and when the source can't go on there */
  recordAt(place: string, floorScn: bigint): Promise<PlaceRecord>
  /** From it the configuration decides at the next start where the source begins, as if nothing had been stored. */
  recordAnew(floorScn: bigint): PlaceRecord
  /** The transaction that begins at a place. @throws AesopError when none begins there */
  transactionAt(place: string): Promise<PassOver & Pick<Place, 'timeMs'>>
  /** Why the fault of an interval would come again with the next rows, as far as the source can be asked; undefined: not known to. */
  faultRemains(interval: Quarantine): Promise<string | undefined>
}
