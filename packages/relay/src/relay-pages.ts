import { type EventBuffer } from '@aesop/buffer'
import { EventView } from '@aesop/event'
import { formatJson } from '@aesop/kernel'
import { type PhysicalSourceConfig } from '@aesop/producer'
import { type SchemaRegistry } from '@aesop/schema'
import { InvalidRequestError, type RegisterRequest, type SourceSchema } from '@aesop/wire'

/** All versions of the schemas that a register request asks for. @throws InvalidRequestError of an unknown source id */
export function requestedSchemas(
  physicalSource: PhysicalSourceConfig,
  schemas: SchemaRegistry,
  request: RegisterRequest,
): SourceSchema[] {
  const byId = new Map(physicalSource.servedSources.map((source) => [source.id, source]))
  // A source that is asked for twice is given once: a short request must not make an answer of any size.
  return [...new Set(request.sources ?? byId.keys())].flatMap((id) => {
    const source = byId.get(id)
    if (source === undefined) throw unknownSource('register', id)
    return schemas.versions(source.name).map(({ version, text }) => ({ id, version, schema: text }))
  })
}

/** The error for a source id that the relay does not serve. */
export function unknownSource(command: string, id: number): InvalidRequestError {
  return new InvalidRequestError(`Invalid value for ${command}.sources: ${id}`, { fields: { id } })
}

/** The body of `/bufferInfo/inbound/<name>/<id>`: of what readers see; 0 and −1 where there is nothing, as in Databus. */
export function formatBufferInfo(buffer: EventBuffer): string {
  return formatJson({
    minScn: buffer.minScn,
    maxScn: buffer.lastScn,
    timestampLatestEvent: commitMs(buffer.newestEnd),
    timestampFirstEvent: commitMs(buffer.firstEvent),
  })
}

function commitMs(event: EventBuffer['firstEvent']): number {
  return event === undefined ? 0 : Number(new EventView(event.bytes, event.offset).timestampNanos / 1_000_000n)
}

/** The body of `/physicalSources`: without user and password. */
export function formatPhysicalSources(physicalSource: PhysicalSourceConfig): string {
  const { id, name, uri, sources } = physicalSource
  return formatJson([{ id, name, uri: withoutUser(uri), sources }])
}

function withoutUser(uri: string): string {
  return uri.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1').replace(/^([^?]*)\?.*$/s, '$1')
}
