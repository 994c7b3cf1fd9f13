import { type BeanContext, hostNameFault, nearestName, rangeFault, Secret, type SecretText } from '@aesop/kernel'
import { ROWS_ALWAYS, serverKeys, type ServerProperty, serverPropertyOf } from './bootstrap-properties.ts'
import { ServerPropertyInvalidError, ServerPropertyRefusedError, ServerPropertyUnknownError } from './errors.ts'
import { type ServerAccess } from './server-guard.ts'

/** Values of `databus.bootstrap.*` keys as a descriptor gives them. */
export type ServerPropertyValues = Readonly<Record<string, string | number | bigint | boolean>>

export interface BootstrapConfigOptions {
  readonly bootstrapProperties?: ServerPropertyValues
  /** Without effect: a server keeps no checkpoints. */
  readonly checkpointDirectoryLocation?: string
  /** `host:port` by which clients reach it; has to be given where it listens on every address of its machine. */
  readonly address?: string
  readonly token?: string | SecretText
  readonly hosts?: readonly string[]
  readonly peers?: readonly string[]
  readonly insecure?: boolean
  /** How many questions the store answers at a time. */
  readonly readers?: number
  /** How many requests of one address are answered at a time. */
  readonly requestsPerPeer?: number
}

const PORT = 'databus.bootstrap.db.container.httpPort'
const PORT_DEFAULT = 6060
const READ_TIMEOUT_MS = 15_000
const PENDING_BYTES = 64 * 1024 * 1024
const ADDRESS = /^(\[[0-9a-fA-F:.]+\]|[\w.-]+):\d{1,5}$/

/** Ports and limits of a bootstrap server: the bean `BootstrapConfig`. Every property is checked when it is made. */
export class BootstrapConfig {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly address: string | undefined
  readonly access: ServerAccess
  readonly healthPath: string
  readonly readTimeoutMs: number
  /** Undefined: as many as the limit of open files leaves, below a default. */
  readonly maxConnections: number | undefined
  readonly maxPendingBytes: number
  readonly readers: number | undefined
  readonly requestsPerPeer: number | undefined
  /** Most rows of an answer; undefined: its bytes bound it. */
  readonly snapshotRows: number | undefined
  readonly logRows: number | undefined
  /** One line for each property that has no effect. */
  readonly notes: readonly string[]
  readonly #values: ServerPropertyValues

  /** @throws ServerPropertyUnknownError, ServerPropertyInvalidError, ServerPropertyRefusedError */
  constructor(options: BootstrapConfigOptions = {}) {
    const { bootstrapProperties: values = {}, checkpointDirectoryLocation, token, insecure = false } = options
    const { address, hosts = [], peers = [] } = options
    this.#values = values
    const unused = checkpointDirectoryLocation === undefined ? [] : [NO_CHECKPOINTS]
    this.notes = [...Object.entries(values).flatMap(([key, value]) => checkProperty(key, value)), ...unused]
    if (address !== undefined && !ADDRESS.test(address))
      throw new ServerPropertyInvalidError('address', address, 'host:port')
    refuseFault('hosts', hosts, hostNameFault)
    refuseFault('peers', peers, rangeFault)
    this.host = this.#text('db.container.host') ?? '127.0.0.1'
    this.port = this.#number('db.container.httpPort') ?? PORT_DEFAULT
    this.address = address
    this.access = { hosts, peers, insecure, ...(token === undefined ? {} : { token: Secret.from(token) }) }
    this.healthPath = (this.#text('db.container.healthcheckPath') ?? 'admin').replace(/^\//, '')
    this.readTimeoutMs = this.#number('db.container.readTimeoutMs') ?? READ_TIMEOUT_MS
    this.maxConnections = this.#number('db.container.maxConnections')
    this.maxPendingBytes = this.#number('db.container.maxPendingBytes') ?? PENDING_BYTES
    this.readers = options.readers
    this.requestsPerPeer = options.requestsPerPeer
    const rows = this.#number('db.bootstrapBatchSize')
    this.snapshotRows = this.#number('db.bootstrapSnapshotBatchSize') || rows
    this.logRows = this.#number('db.bootstrapCatchupBatchSize') || rows
  }

  /** Keys of its properties, as they were given. */
  get givenKeys(): readonly string[] {
    return Object.keys(this.#values)
  }

  /** Where it listens in a process of this nature: a test that names no port takes any free one. */
  portIn(nature: BeanContext['nature']): number {
    return nature === 'test' && this.#values[PORT] === undefined ? 0 : this.port
  }

  /** Whether the snapshot of this source is left out where the log reaches back to what the client has. */
  leavesOut(source: string): boolean {
    if (this.#text(`disableSnapshotBypass(${source})`) === 'true') return false
    const rows = this.#text(`rowsThresholdForSnapshotBypass(${source})`)
    return (rows ?? this.#text('defaultRowsThresholdForSnapshotBypass') ?? ROWS_ALWAYS) === ROWS_ALWAYS
  }

  /** Keys of the server stand with and without `db.`. */
  #text(name: string): string | undefined {
    const value = this.#values[`databus.bootstrap.${name}`] ?? this.#values[`databus.bootstrap.db.${name}`]
    return value === undefined ? undefined : String(value)
  }

  #number(name: string): number | undefined {
    const text = this.#text(name)
    return text === undefined ? undefined : Number(text)
  }
}

const NO_CHECKPOINTS =
  'checkpointDirectoryLocation has no effect: a bootstrap server keeps no checkpoints, its clients do'

function refuseFault(key: string, texts: readonly string[], faultOf: (text: string) => string | undefined): void {
  for (const text of texts) {
    const expected = faultOf(text)
    if (expected !== undefined) throw new ServerPropertyInvalidError(key, text, expected)
  }
}

/** @returns the note of a property that has no effect */
function checkProperty(key: string, value: unknown): readonly string[] {
  const property = serverPropertyOf(key)
  if (property === undefined) throw new ServerPropertyUnknownError(key, nearestName(key, serverKeys))
  if (property.kind === 'refused') throw new ServerPropertyRefusedError(key, property.reason)
  if (property.kind === 'noted') {
    if (property.values?.includes(String(value)) === false) throw new ServerPropertyRefusedError(key, property.reason)
    return [`${key} has no effect: ${property.reason}`]
  }
  const expected = faultOf(property, String(value))
  if (expected !== undefined) throw new ServerPropertyInvalidError(key, value, expected)
  return []
}

/** What was expected; undefined: the value is well. */
function faultOf(property: Exclude<ServerProperty, { kind: 'refused' | 'noted' }>, text: string): string | undefined {
  switch (property.kind) {
    case 'integer': {
      const { minimum, maximum = Number.MAX_SAFE_INTEGER } = property
      const isWell = /^\d{1,16}$/.test(text) && Number(text) >= minimum && Number(text) <= maximum
      return isWell ? undefined : `an integer from ${minimum} to ${maximum}`
    }
    case 'boolean':
      return text === 'true' || text === 'false' ? undefined : 'true or false'
    case 'text':
      return new RegExp(property.pattern).test(text) ? undefined : property.expected
    case 'choice':
      return property.values.includes(text) ? undefined : property.values.join(' or ')
  }
}
