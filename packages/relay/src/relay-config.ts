import { type BeanContext, nearestName, Secret } from '@aesop/kernel'
import { RelayPropertyInvalidError, RelayPropertyRefusedError, RelayPropertyUnknownError } from './errors.ts'
import { checkAccess, type RelayAccessOptions } from './relay-access.ts'
import { relayProperties, type RelayProperty } from './relay-properties.ts'

/** Values of `databus.relay.*` keys as a descriptor gives them. */
export type RelayPropertyValues = Readonly<Record<string, string | number | bigint | boolean>>

export interface RelayConfigOptions extends RelayAccessOptions {
  readonly relayProperties?: RelayPropertyValues
  readonly schemaRegistryLocation?: string
  readonly mmappedDirectoryLocation?: string
  readonly maxScnDirectoryLocation?: string
}

const PORT = 'databus.relay.container.httpPort'
const HANDLER = 'databus.relay.dataSources.sequenceNumbersHandler'
const SCN_DIRECTORY = `${HANDLER}.file.scnDir`
const SCHEMA_DIRECTORY = 'databus.relay.schemaRegistry.fileSystem.schemaDir'
const LONG_MAX = 2n ** 63n - 1n
const BUFFER_BYTES_DEFAULT = 64 * 1024 * 1024
const PENDING_BYTES_DEFAULT = 64 * 1024 * 1024

/** Ports, buffers and folders of a relay: the bean `RelayConfig`. Every property is checked when it is made. */
export class RelayConfig {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Who may ask. */
  readonly access: RelayAccessOptions
  readonly healthPath: string
  readonly readTimeoutMs: number
  /** Undefined: as many as the limit of open files leaves, below a default. */
  readonly maxConnections: number | undefined
  readonly maxStreams: number | undefined
  readonly maxPendingBytes: number
  readonly bufferBytes: number
  /** Whether a full buffer waits for the running registrations of its own process. */
  readonly waitsForOwnReaders: boolean
  readonly initialScn: bigint | undefined
  /** False: how far the producer has come is forgotten at the stop. */
  readonly keepsMaxScn: boolean
  /** Folder of hand-written schemas, or undefined. Relative folders count from the projects root. */
  readonly schemaDirectory: string | undefined
  readonly maxScnDirectory: string | undefined
  /** One line for each property that has no effect. */
  readonly notes: readonly string[]
  readonly #options: RelayConfigOptions

  /** @throws RelayPropertyUnknownError, RelayPropertyInvalidError, RelayPropertyRefusedError */
  constructor(options: RelayConfigOptions = {}) {
    this.#options = options
    const values = options.relayProperties ?? {}
    this.notes = checkProperties(values)
    checkAccess(options)
    if (options.mmappedDirectoryLocation !== undefined) {
      this.notes = [
        ...this.notes,
        `mmappedDirectoryLocation has no effect: the buffer is memory until segment files exist`,
      ]
    }
    const text = (key: string): string | undefined => textOf(values[`databus.relay.${key}`])
    const integer = (key: string, otherwise: number): number => Number(values[`databus.relay.${key}`] ?? otherwise)
    this.host = text('container.host') ?? '127.0.0.1'
    this.port = integer('container.httpPort', 9000)
    const { token, hosts = [], peers = [], insecure = false } = options
    this.access = { hosts, peers, insecure, ...(token === undefined ? {} : { token: Secret.from(token) }) }
    this.healthPath = (text('container.healthcheckPath') ?? 'admin').replace(/^\//, '')
    this.readTimeoutMs = integer('container.readTimeoutMs', 15_000)
    const given = (key: string): number | undefined => (text(key) === undefined ? undefined : Number(text(key)))
    this.maxConnections = given('container.maxConnections')
    this.maxStreams = given('container.maxStreams')
    this.maxPendingBytes = integer('container.maxPendingBytes', PENDING_BYTES_DEFAULT)
    this.bufferBytes = integer('eventBuffer.maxSize', BUFFER_BYTES_DEFAULT)
    this.waitsForOwnReaders = text('eventBuffer.queuePolicy') !== 'OVERWRITE_ON_WRITE'
    const initialScn = values[`${HANDLER}.file.initVal`]
    this.initialScn = initialScn === undefined ? undefined : BigInt(initialScn)
    this.keepsMaxScn = values[`${HANDLER}.type`] !== 'IN_MEMORY'
    this.maxScnDirectory = options.maxScnDirectoryLocation ?? textOf(values[SCN_DIRECTORY])
    this.schemaDirectory = options.schemaRegistryLocation ?? textOf(values[SCHEMA_DIRECTORY])
  }

  /** The same in a process of this nature: a test that names no port takes any free one. */
  for(nature: BeanContext['nature']): RelayConfig {
    const isGiven = this.#options.relayProperties?.[PORT] !== undefined
    return nature === 'test' && !isGiven ? this.with({ [PORT]: 0 }) : this
  }

  /** The same with the properties of one registration, which win. */
  with(properties: RelayPropertyValues): RelayConfig {
    const { relayProperties, schemaRegistryLocation, maxScnDirectoryLocation, ...others } = this.#options
    return new RelayConfig({
      ...others,
      ...(SCHEMA_DIRECTORY in properties || schemaRegistryLocation === undefined ? {} : { schemaRegistryLocation }),
      ...(SCN_DIRECTORY in properties || maxScnDirectoryLocation === undefined ? {} : { maxScnDirectoryLocation }),
      relayProperties: { ...relayProperties, ...properties },
    })
  }
}

function textOf(value: string | number | bigint | boolean | undefined): string | undefined {
  return value === undefined ? undefined : String(value)
}

/** @returns the notes */
function checkProperties(values: RelayPropertyValues): string[] {
  const notes: string[] = []
  for (const [key, value] of Object.entries(values)) {
    const property = Object.hasOwn(relayProperties, key) ? relayProperties[key] : undefined
    if (property === undefined) throw new RelayPropertyUnknownError(key, nearestName(key, Object.keys(relayProperties)))
    checkValue(key, property, value)
    if (property.refusedValues?.includes(String(value))) {
      throw new RelayPropertyRefusedError(key, value, property.description)
    }
    if (property.noted !== undefined) notes.push(`${key} has no effect: ${property.noted}`)
    else if (property.notedValues?.includes(String(value))) {
      notes.push(`${key}=${String(value)} has no effect: ${property.description}`)
    }
  }
  return notes
}

function checkValue(key: string, property: RelayProperty, value: unknown): void {
  const text = String(value)
  const { type, choices, pattern, minimum = -Infinity, maximum = Infinity } = property
  if (pattern !== undefined && !new RegExp(pattern.source).test(text)) {
    throw new RelayPropertyInvalidError(key, value, pattern.expected)
  }
  if (choices !== undefined && !choices.includes(text)) {
    throw new RelayPropertyInvalidError(key, value, choices.join(' or '))
  }
  if (type === 'boolean' && text !== 'true' && text !== 'false') {
    throw new RelayPropertyInvalidError(key, value, 'true or false')
  }
  if (type === 'string' || type === 'boolean') return
  if (type === 'int64' && /^-?\d+$/.test(text) && BigInt(text) >= minimum && BigInt(text) <= LONG_MAX) return
  if (type === 'int64') throw new RelayPropertyInvalidError(key, value, `an integer from ${minimum} to ${LONG_MAX}`)
  const number = /^-?\d+$/.test(text) || (type === 'number' && /^-?\d*\.\d+$/.test(text)) ? Number(text) : NaN
  if (number >= minimum && number <= maximum) return
  const range = minimum === -Infinity ? '' : ` from ${minimum}${maximum === Infinity ? '' : ` to ${maximum}`}`
  throw new RelayPropertyInvalidError(key, value, `${type === 'number' ? 'a number' : 'an integer'}${range}`)
}
