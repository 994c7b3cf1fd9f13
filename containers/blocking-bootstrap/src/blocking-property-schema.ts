import { blockingKeyFamilies, blockingTreatmentOf, knownBlockingProperties } from '@aesop/blocking-bootstrap/properties'
import { type PropertySchema } from '@aesop/runtime'

/** The JSON Schema of `bootstrapProperties`: what acts by its name; what is noted or refused is told when the bean is made. */
export const blockingPropertySchema: PropertySchema = {
  'x-flat': true,
  type: 'object',
  properties: Object.fromEntries(knownBlockingProperties().map((key) => [key, schemaOf(key)])),
  patternProperties: blockingKeyFamilies,
  additionalProperties: false,
  description: 'databus.bootstrap.* keys, flat or nested.',
}

function schemaOf(key: string): object {
  const treatment = blockingTreatmentOf(key)
  if (treatment?.kind === 'integer') return { type: 'integer', format: 'int64', minimum: treatment.min }
  if (treatment?.kind === 'text') return { type: 'string' }
  if (treatment?.kind === 'noted') return { description: `Without effect: ${treatment.reason}.` }
  return { type: ['string', 'number'] }
}
