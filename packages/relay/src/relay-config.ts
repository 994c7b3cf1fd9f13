import { type BeanContext, nearestName, Secret } from '@aesop/kernel'
import { RelayPropertyInvalidError, RelayPropertyRefusedError, RelayPropertyUnknownError } from './errors.ts'
import { checkAccess, type RelayAccessOptions } from './relay-access.ts'
import { refusalOf } from './refused-keys.ts'
import { relayProperties, type RelayProperty } from './relay-properties.ts'
import {
  BUFFER_DIRECTORY,
  SCHEMA_DIRECTORY,
  SCN_DIRECTORY,
  type SourceFolders,
  type SourceSettings,
  sourceSettings,
} from './source-settings.ts'

/** Values of `databus.relay.*` keys as a descriptor gives them. */
export type RelayPropertyValues = Readonly<Record<string, string | number | bigint | boolean>>

export interface RelayConfigOptions extends RelayAccessOptions, SourceFolders {
  readonly relayProperties?: RelayPropertyValues
}

const PORT = 'databus.relay.container.httpPort'
const ALLOCATION = 'databus.relay.eventBuffer.allocationPolicy'
const LONG_MAX = 2n ** 63n - 1n
const PENDING_BYTES_DEFAULT = 64 * 1024 * 1024

/** Ports and limits of a relay, and what holds for its sources: the bean `RelayConfig`. Every property is checked when it is made. */
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
  /** What holds for its physical sources, unless their own properties say otherwise. */
  readonly source: SourceSettings
  /** One line for each property that has no effect. */
  readonly notes: readonly string[]
  readonly #options: RelayConfigOptions

  /** @throws RelayPropertyUnknownError, RelayPropertyInvalidError, RelayPropertyRefusedError */
  constructor(options: RelayConfigOptions = {}) {
    this.#options = options
    const values = options.relayProperties ?? {}
    this.notes = checkProperties(values)
    checkAccess(options)
    if (options.mmappedDirectoryLocation !== undefined && values[ALLOCATION] !== 'MMAPPED_MEMORY') {
      this.notes = [
        ...this.notes,
        `mmappedDirectoryLocation has no effect without ${ALLOCATION}: MMAPPED_MEMORY: the buffer is memory`,
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
    this.source = sourceSettings(values, options)
  }

  /** Keys of its properties, as they were given. */
  get givenKeys(): readonly string[] {
    return Object.keys(this.#options.relayProperties ?? {})
  }

  /** The same in a process of this nature: a test that names no port takes any free one. */
  for(nature: BeanContext['nature']): RelayConfig {
    const isGiven = this.#options.relayProperties?.[PORT] !== undefined
    return nature === 'test' && !isGiven ? this.with({ [PORT]: 0 }) : this
  }

  /**
   * The same with what the registrations of its sources say of the relay as a whole: where there is one, its word wins.
   * @throws RelayPropertyRefusedError where several say something
   */
  withAll(registrations: readonly { readonly properties: RelayPropertyValues }[]): RelayConfig {
    const [only, ...others] = registrations
    if (only !== undefined && others.length === 0) return this.with(only.properties)
    for (const { properties } of registrations) refuseWhole(properties)
    return this
  }

  /**
   * What a registration says of the relay as a whole must be what holds already.
   * @throws RelayPropertyRefusedError
   */
  refuseOther(properties: RelayPropertyValues): void {
    const values = this.#options.relayProperties ?? {}
    for (const [key, value] of Object.entries(properties)) {
      if (relayProperties[key]?.scope !== 'relay' || String(values[key]) === String(value)) continue
      throw new RelayPropertyRefusedError(key, value, 'it is of the relay as a whole, and the relay runs without it')
    }
  }

  /** The same with the properties of one registration, which win. */
  with(properties: RelayPropertyValues): RelayConfig {
    const { relayProperties, schemaRegistryLocation, maxScnDirectoryLocation, mmappedDirectoryLocation, ...others } =
      this.#options
    return new RelayConfig({
      ...others,
      ...(SCHEMA_DIRECTORY in properties || schemaRegistryLocation === undefined ? {} : { schemaRegistryLocation }),
      ...(BUFFER_DIRECTORY in properties || mmappedDirectoryLocation === undefined ? {} : { mmappedDirectoryLocation }),
      ...(SCN_DIRECTORY in properties || maxScnDirectoryLocation === undefined ? {} : { maxScnDirectoryLocation }),
      relayProperties: { ...relayProperties, ...properties },
    })
  }
}

function textOf(value: string | number | bigint | boolean | undefined): string | undefined {
  return value === undefined ? undefined : String(value)
}

/** @throws RelayPropertyRefusedError */
function refuseWhole(properties: RelayPropertyValues): void {
  for (const [key, value] of Object.entries(properties)) {
    if (relayProperties[key]?.scope !== 'relay') continue
    throw new RelayPropertyRefusedError(key, value, 'it is of the relay as a whole, which has several sources')
  }
}

/** @returns the notes */
function checkProperties(values: RelayPropertyValues): string[] {
  const notes: string[] = []
  for (const [key, value] of Object.entries(values)) {
    const property = Object.hasOwn(relayProperties, key) ? relayProperties[key] : undefined
    const refusal = refusalOf(key)
    // Their values are not shown: one of them is a password.
    if (refusal !== undefined) throw new RelayPropertyRefusedError(key, '***', refusal)
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
