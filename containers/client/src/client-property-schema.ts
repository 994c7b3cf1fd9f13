import { knownClientProperties, type PropertyTreatment, treatmentOf } from '@aesop/client/properties'
import { type PropertySchema } from '@aesop/runtime'

/** Keys whose names hold a number or a name of the user's: `databus.client.runtime.relay(1).port`. */
const FREE_NAMES = String.raw`^databus\.client\.(runtime\.(relay|bootstrap\.service)\([^)]+\)|loggingListener|container)\.`

/** The JSON Schema of `clientProperties`, from what the client says of its keys. */
export const clientPropertySchema: PropertySchema = {
  'x-flat': true,
  type: 'object',
  properties: Object.fromEntries(
    knownClientProperties().flatMap((key) => {
      const treatment = treatmentOf(key)
      return treatment === undefined ? [] : [[key, schemaOf(treatment)]]
    }),
  ),
  patternProperties: { [FREE_NAMES]: {} },
  additionalProperties: false,
  description: 'databus.client.* keys, flat or nested.',
}

function schemaOf(treatment: PropertyTreatment): object {
  switch (treatment.kind) {
    case 'integer':
      return {
        type: 'integer',
        minimum: treatment.min,
        ...(treatment.max === undefined ? {} : { maximum: treatment.max }),
      }
    case 'number':
      return { type: 'number', minimum: treatment.min }
    case 'boolean':
      return { type: 'boolean' }
    case 'text':
      return treatment.oneOf === undefined ? { type: 'string' } : { enum: treatment.oneOf }
    case 'noted':
    case 'refused':
      return { type: ['string', 'number', 'boolean'], description: `Without effect: ${treatment.reason}.` }
  }
}
