import { type OutsideText } from './placeholder.ts'
import { type SourceFile, type SourceRange } from './source-file.ts'

/** What every part of a definition knows about its place. */
interface Placed {
  readonly at: SourceRange
  /** Path inside the document: `sampleRelay.properties.relayConfig`. */
  readonly path: string
}

export type Scalar = null | boolean | number | bigint | string

export interface ScalarValue extends Placed {
  readonly kind: 'scalar'
  /** Integers are bigint until a schema says otherwise. */
  readonly value: Scalar
  /** Set when the value came out of a placeholder: such text is converted to the type of its property. */
  readonly origin?: string
  /** The text as it stands in the descriptor, when it has placeholders: this is what is shown. */
  readonly written?: string
  /** What of it came from outside of the descriptors. */
  readonly outside?: readonly OutsideText[]
  /** Expands what is written once more: files and providers are asked again. @throws SecretUnreadableError */
  readonly readAgain?: () => string
}

export interface ListValue extends Placed {
  readonly kind: 'list'
  readonly items: readonly Value[]
}

export interface Entry {
  readonly key: string
  readonly keyAt: SourceRange
  readonly value: Value
}

/** A map that means itself. */
export interface MapValue extends Placed {
  readonly kind: 'map'
  readonly entries: readonly Entry[]
}

/** `{ ref: id }`, `{ ref: id, get: property }`, `{ ref: id, call: method }`. */
export interface ReferenceValue extends Placed {
  readonly kind: 'reference'
  readonly id: string
  readonly access?: { readonly by: 'get' | 'call'; readonly name: string }
}

/** `{ const: SET.MEMBER }`. */
export interface ConstantValue extends Placed {
  readonly kind: 'constant'
  readonly text: string
}

/** `{ map: {…}, keys: SET }`: a Map whose keys are converted. */
export interface KeyedMapValue extends Placed {
  readonly kind: 'keyed-map'
  /** A set of constants, `integer`, or undefined for text. */
  readonly keys?: { readonly text: string; readonly at: SourceRange }
  readonly entries: readonly Entry[]
}

export interface NamedPlace {
  readonly text: string
  readonly at: SourceRange
}

/** `{ class: X, properties: … }`: a bean, at the top level or inside another. */
export interface BeanValue extends Placed {
  readonly kind: 'bean'
  /** Empty where the class comes from the parent, until the parent is merged in. */
  readonly class: NamedPlace
  readonly parent?: NamedPlace
  /** Properties that join the parent's value instead of replacing it. */
  readonly merge?: readonly NamedPlace[]
  readonly isAbstract?: boolean
  /** A static method of the class that makes the bean in place of the constructor. */
  readonly factory?: NamedPlace
  /** Label of an inner bean, for logs and graphs only. */
  readonly label?: string
  readonly properties: readonly Entry[]
  readonly hasProperties: boolean
  readonly args?: readonly Value[]
  readonly dependsOn: readonly NamedPlace[]
  readonly init?: NamedPlace
  readonly destroy?: NamedPlace
}

export type Value = ScalarValue | ListValue | MapValue | ReferenceValue | ConstantValue | KeyedMapValue | BeanValue

/** A top-level bean: an id and what it stands for. */
export interface Definition {
  readonly id: string
  readonly idAt: SourceRange
  readonly value: Value
}

/** A descriptor with everything that it imports. */
export interface Descriptor {
  readonly file: SourceFile
  readonly imported: readonly SourceFile[]
  /** In the order of the files, imports first; parents are merged in, abstract and inactive beans are not among them. */
  readonly definitions: ReadonlyMap<string, Definition>
  readonly abstract: ReadonlyMap<string, Definition>
  /** Beans of other profiles: the condition that does not hold. */
  readonly inactive: ReadonlyMap<string, string>
  /** Ids that some definition has as parent. */
  readonly parents: ReadonlySet<string>
  /** Modules of components, as written, in the order of the files. */
  readonly modules: readonly NamedPlace[]
  /** Values of `properties`, for placeholders outside of definitions. */
  readonly properties: ReadonlyMap<string, string>
}
