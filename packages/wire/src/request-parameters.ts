import { InvalidRequestError } from './errors.ts'
import { parameters } from './paths.ts'

const HEADER_PREFIX = 'x-dbus-'
const INTEGER = /^[+-]?\d+$/
/** Header names arrive in lower case, parameters have capitals (`checkPoint`). */
const PARAMETER_BY_LOWER_CASE = new Map(Object.values(parameters).map((name) => [name.toLowerCase(), name]))

/** Headers as node:http gives them. */
export type HeaderMap = Readonly<Record<string, string | readonly string[] | undefined>>

/** A request line taken apart: the command, what follows it in the path, and its parameters. */
export interface ParsedRequest {
  readonly command: string
  /** The path after the command, without a leading slash; empty when there is none. */
  readonly subPath: string
  readonly parameters: RequestParameters
}

/**
 * Takes the target of a request (`/stream?size=…`) apart. Headers that begin with `x-dbus-` are parameters too, without
 * the prefix; the query wins. A parameter that is given twice reads as absent, as in Databus.
 * @throws InvalidRequestError when the target's percent signs are no encoding
 */
export function parseRequest(target: string, requestHeaders: HeaderMap = {}): ParsedRequest {
  const queryAt = target.indexOf('?')
  const path = decodePath(queryAt < 0 ? target : target.slice(0, queryAt)).replace(/^\/+/, '')
  const query = new URLSearchParams(queryAt < 0 ? '' : target.slice(queryAt + 1))
  const slash = path.indexOf('/')
  const command = slash < 0 ? path : path.slice(0, slash)
  return {
    command,
    subPath: slash < 0 ? '' : path.slice(slash + 1),
    parameters: new RequestParameters(command, parameterMap(query, requestHeaders)),
  }
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch (cause) {
    throw new InvalidRequestError(`Invalid value for path: ${path}`, { cause })
  }
}

function parameterMap(query: URLSearchParams, requestHeaders: HeaderMap): Map<string, string> {
  const values = new Map<string, string>()
  for (const [name, value] of Object.entries(requestHeaders)) {
    const lower = name.toLowerCase()
    if (lower.startsWith(HEADER_PREFIX) && typeof value === 'string') {
      const parameter = lower.slice(HEADER_PREFIX.length)
      values.set(PARAMETER_BY_LOWER_CASE.get(parameter) ?? parameter, value)
    }
  }
  for (const name of new Set(query.keys())) {
    const given = query.getAll(name)
    if (given.length === 1) values.set(name, given[0] ?? '')
    else values.delete(name)
  }
  return values
}

/** The parameters of one request, read with Databus' error texts. */
export class RequestParameters {
  readonly command: string
  readonly #values: ReadonlyMap<string, string>

  constructor(command: string, values: ReadonlyMap<string, string>) {
    this.command = command
    this.#values = values
  }

  text(name: string): string | undefined {
    return this.#values.get(name)
  }

  /** @throws InvalidRequestError when it is absent */
  requiredText(name: string): string {
    return this.#values.get(name) ?? this.refuse(name)
  }

  /** @throws InvalidRequestError when it is there and no integer of [min, max] */
  integer(name: string, min: number, max: number): number | undefined {
    const text = this.#values.get(name)
    if (text === undefined) return undefined
    const value = INTEGER.test(text) ? Number(text) : NaN
    return value >= min && value <= max ? value : this.refuse(name)
  }

  /** @throws InvalidRequestError when it is absent or no integer of [min, max] */
  requiredInteger(name: string, min: number, max: number): number {
    return this.integer(name, min, max) ?? this.refuse(name)
  }

  /** True only for the word `true`, in any case; as Java's parseBoolean. */
  flag(name: string): boolean {
    return this.#values.get(name)?.toLowerCase() === 'true'
  }

  /** Always throws: the error that names the parameter and its value. @throws InvalidRequestError */
  refuse(name: string, cause?: unknown): never {
    const value = this.#values.get(name) ?? 'null'
    throw new InvalidRequestError(`Invalid value for ${this.command}.${name}: ${value}`, {
      fields: { command: this.command, parameter: name },
      ...(cause === undefined ? {} : { cause }),
    })
  }
}
