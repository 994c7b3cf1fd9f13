import { type EventBuffer } from '@aesop/buffer'
import { type EventProducer, type PhysicalSourceConfig } from '@aesop/producer'
import { type SchemaRegistry } from '@aesop/schema'
import { JoinedSource } from '@aesop/reading'
import { type ServedSource } from '@aesop/stream-server'
import { findStart, shareSearches } from './start-search.ts'
import { windowsBehind } from './windows-behind.ts'

/**
 * What the server is told of a physical source.
 * @param futureGraceMs how long from now on a checkpoint above the newest SCN waits, in milliseconds
 */
export function servedSource(
  { name, id, uri, sources, servedSources, scnSpace }: PhysicalSourceConfig,
  buffer: EventBuffer,
  producer: EventProducer,
  schemas: SchemaRegistry,
  futureGraceMs: number,
): ServedSource {
  const untilMs = performance.now() + futureGraceMs
  const { lateReading } = producer
  /** The furthest place that somebody was told to begin at: the source may not have come to it yet. */
  let toldScn = -1n
  return {
    name,
    id,
    uri: uriForAll(uri),
    tables: sources,
    served: servedSources,
    eventVersion: buffer.eventVersion,
    windows: lateReading === undefined ? buffer : new JoinedSource(buffer, lateReading),
    schemas,
    scnSpace: producer.scnSpace ?? scnSpace,
    held: () => ({
      minScn: buffer.minScn,
      lastScn: buffer.lastScn,
      oldestMs: msOf(buffer.oldestNanos),
      newestMs: msOf(buffer.newestNanos),
    }),
    ...(producer.snapshotReader === undefined ? {} : { snapshots: producer.snapshotReader }),
    behind: (scn) => windowsBehind(buffer, scn),
    findStart: shareSearches(async (from) => {
      const found = await findStart(from, buffer, producer)
      if (found.kind === 'found' && found.scn > toldScn) toldScn = found.scn
      return found
    }),
    mayStillCome: (scn) =>
      performance.now() < untilMs || scn <= toldScn || scn <= (producer.status().rereadUntilScn ?? -1n),
  }
}

/** The URI of a source as anybody may see it: without user, password and parameters. */
function uriForAll(uri: string): string {
  return uri.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1').replace(/^([^?]*)\?.*$/s, '$1')
}

function msOf(nanos: bigint | undefined): number | undefined {
  return nanos === undefined ? undefined : Number(nanos / 1_000_000n)
}
