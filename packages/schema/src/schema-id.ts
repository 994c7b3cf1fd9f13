import { createHash } from 'node:crypto'

/** The id that events carry: the MD5 of the schema's text, 16 bytes, as Databus computes it. */
export function schemaIdOf(text: string): Buffer {
  return createHash('md5').update(text, 'utf8').digest()
}
