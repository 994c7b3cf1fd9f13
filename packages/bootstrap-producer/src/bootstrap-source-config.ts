import { type LogicalSourceConfig, type LogicalSourceOptions, PhysicalSourceConfig } from '@aesop/producer'

export interface BootstrapSourceConfigOptions {
  /** Names its windows in the store: another one begins anew. */
  readonly name: string
  /** Id of the physical partition in the relay; default 1. */
  readonly id?: number
  /** Its tables, with the names and ids that they have in the relay. */
  readonly sources: readonly (LogicalSourceOptions | LogicalSourceConfig | string)[]
  /** As in the relay; default 32767. */
  readonly schemaChangeSourceId?: number
  readonly eventVersion?: number
  readonly largestEventSizeInBytes?: number
}

/** A physical source of a relay whose tables a bootstrap store has. */
export class BootstrapSourceConfig {
  readonly name: string
  readonly #options: BootstrapSourceConfigOptions

  constructor(options: BootstrapSourceConfigOptions) {
    this.name = options.name
    this.#options = options
  }

  /** The same as what follows a relay. @throws SourceConfigInvalidError, SourceIdCollisionError, SchemaChangeIdTakenError */
  followedAt(uri: string): PhysicalSourceConfig {
    return new PhysicalSourceConfig({ ...this.#options, uri })
  }
}
