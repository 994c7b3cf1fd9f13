import { messageOf } from '@aesop/kernel'
import { type EventProducer, type PhysicalSourceConfig } from '@aesop/producer'
import { UntilInvalidError } from './errors.ts'

/** Ends where all rows agree. */
export const NOW = 'now'

/** The SCN up to which a run is to go; undefined: as far as its rows need, or without an end. @throws UntilInvalidError, as a rejection */
export async function untilScnOf(
  until: string | undefined,
  physicalSource: PhysicalSourceConfig,
  producer: EventProducer,
): Promise<bigint | undefined> {
  if (until === undefined || until === NOW) return undefined
  if (/^\d{1,18}$/.test(until)) return BigInt(until)
  const finder = producer.placeFinder?.(physicalSource)
  if (finder === undefined) throw new UntilInvalidError(until, physicalSource.name, 'it knows SCNs alone')
  const { scn } = await finder.locate(until).catch((error: unknown) => {
    throw new UntilInvalidError(until, physicalSource.name, messageOf(error))
  })
  if (scn === undefined) throw new UntilInvalidError(until, physicalSource.name, 'the place has no SCN')
  return scn
}
