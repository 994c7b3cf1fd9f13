import { parseJson } from '@aesop/kernel'
import { type RequestParameters } from './request-parameters.ts'

/** The JSON of a parameter. @throws InvalidRequestError, with the cause */
export function jsonOf(request: RequestParameters, name: string, text: string): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    return request.refuse(name, cause)
  }
}

/** The JSON object of a parameter. @throws InvalidRequestError */
export function objectOf(request: RequestParameters, name: string, text: string): Readonly<Record<string, unknown>> {
  const value = jsonOf(request, name, text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return request.refuse(name)
  return value as Readonly<Record<string, unknown>>
}

/** A member of what may be an object; undefined: there is none. */
export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
