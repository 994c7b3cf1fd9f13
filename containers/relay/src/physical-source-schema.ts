import type { PropertySchema } from '@aesop/runtime'
import { ofAll, producers } from './producers.ts'

const forms = producers.flatMap(({ uriForms }) => uriForms)
const inPlaces = producers.flatMap(({ inPlaceOfUri }) => inPlaceOfUri ?? [])

/** How a descriptor names the place of a source: what the packages of producers say of it, together. */
export const uriSchema: PropertySchema = {
  type: 'string',
  description: `${[forms.slice(0, -1).join(', '), ...forms.slice(-1)].join(' or ')}; left out: ${inPlaces.join(' or ')}.`,
}
export const waysToAPlace: readonly PropertySchema[] = ['uri', ...inPlaces].map((property) => ({
  required: [property],
}))

/** Properties that only sources of one package have. */
export const ownSchemas: Readonly<Record<string, PropertySchema>> = ofAll(({ properties }) => properties)
