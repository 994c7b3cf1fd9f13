import { formatJson } from '@aesop/kernel'
import { type HeldWindows, type ServedSource } from './served-source.ts'

/** The body of `/bufferInfo/inbound/<name>/<id>`: of what readers see; 0 and −1 where there is nothing, as in Databus. */
export function formatBufferInfo({ minScn, lastScn, newestMs = 0, oldestMs = 0 }: HeldWindows): string {
  return formatJson({ minScn, maxScn: lastScn, timestampLatestEvent: newestMs, timestampFirstEvent: oldestMs })
}

/** The body of `/physicalBuffers`: the physical sources of each partition, by its JSON. */
export function formatPhysicalBuffers(sources: readonly ServedSource[], pretty: boolean): string {
  const byPartition = sources.map(({ id, name, uri }) => [JSON.stringify({ id, name }), [{ uri, role: 'MASTER' }]])
  return formatJson(Object.fromEntries(byPartition), pretty ? 2 : undefined)
}

/** The body of `/physicalSources`. */
export function formatPhysicalSources(sources: readonly ServedSource[]): string {
  return formatJson(sources.map(({ id, name, uri, tables }) => ({ id, name, uri, sources: tables })))
}
