import { createHash } from 'node:crypto'
import { avroNormalForm } from './avro-normal-form.ts'

/**
 * The id that events carry, 16 bytes: the MD5 of the schema's normal form, which clients of Databus compute from what
 * `/register` serves; of the text itself where it has none.
 */
export function schemaIdOf(text: string): Buffer {
  return textIdOf(avroNormalForm(text) ?? text)
}

/** The MD5 of the text as it is, 16 bytes: the id that relays of former versions gave a schema. */
export function textIdOf(text: string): Buffer {
  return createHash('md5').update(text, 'utf8').digest()
}
