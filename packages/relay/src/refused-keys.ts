/** Keys of Databus whose names have parts of the user's own, or belong to what there is not: going on without them would mislead. */
const REFUSED: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  {
    pattern: /^databus\.relay\.sourceName\([^)]*\)$/,
    reason: 'sources stand in the physicalSourceConfig of a registration, each with its id and name',
  },
  {
    pattern: /^databus\.relay\.physicalSourcesConfigs(Pattern$|\[\d+\]\.|\(\d+\)\.)/,
    reason: 'physical sources are the physicalSourceConfig of the producerRegistrationList, one for each',
  },
  {
    pattern: /^databus\.relay\.dataSources\.sequenceNumbersHandler\.mysql\./,
    reason: 'how far a source has come is kept in a file, beside what proves it: sequenceNumbersHandler.type is FILE',
  },
  {
    pattern: /^databus\.relay\.randomProducer\./,
    reason: 'a source with a uri like memory:demo?eventsPerSecond=10 makes events',
  },
]

/** JSON Schemas of such keys by pattern, for descriptors: a check lets them pass, so that the start says why they are refused. */
export const refusedKeySchemas: Readonly<Record<string, object>> = Object.fromEntries(
  REFUSED.map(({ pattern, reason }) => [pattern.source, { description: `Refused: ${reason}.` }]),
)

/** Why a key that is known is never taken; undefined: it is not one of them. */
export function refusalOf(key: string): string | undefined {
  return REFUSED.find(({ pattern }) => pattern.test(key))?.reason
}
