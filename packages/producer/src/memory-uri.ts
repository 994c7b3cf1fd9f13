import { MemoryUriInvalidError } from './errors.ts'

/** What a `memory:` URI asks of the generator. Without `eventsPerSecond` and `windows` it is quiet. */
export interface MemoryUri {
  readonly name: string
  /** Left out: as fast as the sink takes them. */
  readonly eventsPerSecond?: number
  readonly eventsPerWindow: number
  /** Bytes of the payload of every event. */
  readonly valueBytes: number
  /** Windows to generate; left out: without end. */
  readonly windows?: number
}

const PARAMETERS = ['eventsPerSecond', 'eventsPerWindow', 'valueBytes', 'windows']

/** Reads `memory:<name>?eventsPerSecond=…&eventsPerWindow=…&valueBytes=…&windows=…`. @throws MemoryUriInvalidError */
export function parseMemoryUri(uri: string): MemoryUri {
  const [head = '', query = ''] = uri.split('?', 2)
  const given: Partial<Record<string, number>> = {}
  for (const [parameter, value] of new URLSearchParams(query)) {
    if (!PARAMETERS.includes(parameter) || !/^[1-9]\d{0,14}$/.test(value)) {
      throw new MemoryUriInvalidError(uri, parameter, value)
    }
    given[parameter] = Number(value)
  }
  const { eventsPerSecond, eventsPerWindow = 1, valueBytes = 64, windows } = given
  return {
    name: head.replace(/^memory:/, ''),
    eventsPerWindow,
    valueBytes,
    ...(eventsPerSecond === undefined ? {} : { eventsPerSecond }),
    ...(windows === undefined ? {} : { windows }),
  }
}
