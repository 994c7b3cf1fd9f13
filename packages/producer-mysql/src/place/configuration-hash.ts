import { createHash } from 'node:crypto'
import { type PhysicalSourceConfig } from '@aesop/producer'
import { isHandWritten, type SchemaRegistry } from '@aesop/schema'
import { mysqlSettingsOf } from '../settings/mysql-settings.ts'

/** The hash as it is now: while a source is read, schemas that people wrote may be followed by derived ones. */
export function configurationOf(source: PhysicalSourceConfig, schemas: SchemaRegistry): () => string {
  let [revision, hash] = [-1, '']
  return () => {
    if (schemas.revision !== revision) [revision, hash] = [schemas.revision, configurationHash(source, schemas)]
    return hash
  }
}

/**
 * What of the configuration of a source decides over the bytes of its windows, as one text: tables, ids, partitions, keys,
 * what becomes of zero timestamps and statements, and the schemas that people wrote.
 */
function configurationHash(source: PhysicalSourceConfig, schemas: SchemaRegistry): string {
  const { id: partition, keyless, schemaChangeSourceId, ddlText, largestEventSizeInBytes } = source
  const sources = source.sources
    .map(({ id, name, uri, partitionFunction }) => ({
      id,
      name,
      uri,
      partitionFunction,
      handWritten: isHandWritten(schemas, name) ? schemas.latest(name)?.idHex : undefined,
    }))
    .sort((left, right) => left.id - right.id)
  const decides = {
    partition,
    keyless,
    schemaChangeSourceId,
    // It cuts the text of a statement, and nothing else.
    ddlText: ddlText ? largestEventSizeInBytes : undefined,
    zeroTimestamp: mysqlSettingsOf(source).zeroTimestamp,
    sources,
  }
  return createHash('sha256').update(JSON.stringify(decides)).digest('hex')
}
