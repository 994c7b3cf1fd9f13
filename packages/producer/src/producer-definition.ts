import type { BeanContext } from '@aesop/kernel'
import type { EventProducer } from './event-producer.ts'
import type { PhysicalSourceConfig } from './physical-source-config.ts'

/** A JSON Schema (draft 7) as data, with the words of the descriptor language: `secret: true` makes a `Secret`. */
export type PropertySchema = Readonly<Record<string, unknown>>

/** A class that descriptors may name, loaded when its first bean is made. */
export interface OfferedClass {
  /** One line for people and editors. */
  readonly description: string
  readonly schema: PropertySchema
  readonly load: () => Promise<new (options: never, context: BeanContext) => object>
}

/** What a descriptor says of a physical source. */
export interface GivenSettings {
  readonly name: string | undefined
  readonly uri: string | undefined
  /** Those of the package's `properties` that were given. */
  readonly properties: Readonly<Record<string, unknown>>
}

/** What its package made of that. */
export interface SourceSettings {
  /** That was given, or that stands for the properties. */
  readonly uri: string
  /** `PhysicalSourceConfig.settings`, which the package's own producer reads. */
  readonly settings: unknown
}

/**
 * What a package of a producer contributes, as data: one object, in a module that imports nothing heavy. Whoever launches has a
 * list of them, and knows no database besides.
 */
export interface ProducerDefinition {
  /** Schemes of the URIs that it reads, without colon. No two packages have the same. */
  readonly schemes: readonly string[]
  /** How such a URI is written, for people. */
  readonly uriForms: readonly string[]
  /**
   * Properties of a PhysicalSourceConfig that only its sources have. Where two packages have one name, it means the same in
   * both.
   */
  readonly properties: Readonly<Record<string, PropertySchema>>
  /** Those of them that the sources of one scheme do not have, by scheme. Left out: all have all. */
  readonly refused?: Readonly<Record<string, readonly string[]>>
  /** The property that names a place where there is no `uri`. Left out: its sources need one. */
  readonly inPlaceOfUri?: string
  /** Loads what reads the properties. Left out: it has none. The function throws an AesopError that names the property. */
  readonly loadSettings?: () => Promise<(given: GivenSettings) => SourceSettings>
  /** Loads what makes the producer of a source. */
  readonly load: () => Promise<(source: PhysicalSourceConfig, context: BeanContext) => EventProducer>
  /** Classes for descriptors, by short name. */
  readonly components?: Readonly<Record<string, OfferedClass>>
  /** Constants for descriptors: `{ const: NAME.MEMBER }`. */
  readonly constants?: Readonly<Record<string, Readonly<Record<string, string | number | bigint>>>>
  /** Loads a module whose exports hold lists of its classes of errors, for `docs/errors.md`. Left out: it has none. */
  readonly loadErrors?: () => Promise<object>
}
