import { type BeanContext, type Meters, type Tracer } from '@aesop/kernel'
import { type PlatformEvent } from './lifecycle/platform-events.ts'
import { type StandardSchema } from './descriptor/standard-schema.ts'

/**
 * A JSON Schema (draft 7, as data) for the properties of a class, with these words of ours on a property:
 *
 * - `x-bean: 'RelayConfig'`: the value is a bean. A `ref` or `class` is taken as it is; a plain map becomes the
 *   properties of this class, and a scalar its one required property.
 * - `x-methods: ['createConsumer']`: whatever is injected must have these methods.
 * - `x-methods-where: [{ where: { startFrom: 'bootstrap' }, methods: ['onStartBootstrap'] }]`: and these, where the properties beside it say so.
 * - `x-leads: true`: the bean that has this property starts and stops the beans that are injected there, as a relay does
 *   with its producers; the runtime makes, shows and destroys them, and leaves their `start` and `stop` alone.
 * - `x-distinct: ['address.port']`, of a list: the values at this path differ from item to item; a default counts as a value.
 * - `x-store: { use: 'fills', byDefault: 'SqliteBootstrapStore' }` (or `reads`): the store that the bean has; left out, it is one of that
 *   class. `check` compares where the stores of a launch are.
 * - `x-flat: true`: the value is a props object: nested maps are flattened to dotted keys.
 * - `secret: true`: the bean gets a `Secret` of `@aesop/kernel`, whose `reveal()` reads files and providers anew; nothing
 *   shows the text. With `format: 'password'` it gets a plain string that nothing shows.
 *
 * A property with `x-bean`, `x-methods` or `x-any: true` is not checked further by the schema. Integers of
 * `format: 'int64'` arrive as bigint, every other integer as number. Scalars that came out of a `${placeholder}` are
 * converted to the type of the property.
 */
export type PropertySchema = Readonly<Record<string, unknown>>

/** What the runtime gives to a bean: the context of every bean, and a way to tell others what happens. */
export interface RuntimeBeanContext extends BeanContext {
  readonly meters: Meters
  readonly tracer: Tracer
  /** Tells all listeners of platform events; they are called after the publisher has gone on. */
  publish(event: PlatformEvent): void
}

/** A class as it is constructed: one options object, then the context. `args:` in a descriptor replaces the options. */
export type BeanClass = new (options: never, context: RuntimeBeanContext) => object

/**
 * A class that descriptors may name by a short name. `schema` is data, free of heavy imports; `load` imports the
 * module when a bean is made, so that `check` loads neither zongji nor express.
 */
export interface ComponentDefinition {
  readonly schema: PropertySchema
  readonly load: () => Promise<BeanClass>
  /**
   * Loads what the made bean will import by itself later. A launch calls it, and `load`, before the user's modules: once the
   * loader of TypeScript is registered, every module passes through its thread. What it can't load, the bean reports.
   * @param properties as the schema sees them; what only the run time knows is null
   */
  readonly loadAhead?: (properties: Readonly<Record<string, unknown>>) => Promise<unknown>
  /**
   * Where what a bean of it keeps is, for people: two that are at one place have the same. Opens nothing; undefined: it can't be told.
   * @param properties its scalars, as they are written
   */
  readonly placeOf?: (properties: Readonly<Record<string, unknown>>, folders: LaunchFolders) => string | undefined
  /** Checks and converts the properties besides, where the class brings a Standard Schema. */
  readonly standard?: StandardSchema
  /** One line for people and editors. */
  readonly description: string
}

/** The folders that paths of a launch count from. */
export interface LaunchFolders {
  readonly projectsRoot: string
  readonly stateDirectory: string
}

/** Constants that `{ const: NAME.MEMBER }` and `keys: NAME` look up. */
export type ConstantSet = Readonly<Record<string, string | number | bigint>>

/** What a package offers to descriptors. */
export interface ComponentCatalogue {
  readonly components: Readonly<Record<string, ComponentDefinition>>
  readonly constants?: Readonly<Record<string, ConstantSet>>
}

/** `--parallel 4`: what `--set <bean>.<property>=4` is, for whoever does not know how the descriptor names its bean. */
export interface ContainerOption {
  /** How its value stands in the help: `<n>`. */
  readonly value: string
  readonly summary: string
  /** Path from a bean of `roots`; where a reference stands on it, the bean that it names is meant. */
  readonly property: string
}

/**
 * A kind of component container: what the classes in `containers/` are. The runtime finds its descriptors, checks and
 * builds their beans, and calls nothing of change data.
 */
export interface ContainerDefinition {
  /** The short name in `componentContainers: [relay]`. */
  readonly name: string
  /** The class name in the long form, `RelayRuntimeComponentContainer`. */
  readonly className: string
  /** The descriptor that is looked for: `relay-config.yaml`. */
  readonly descriptorName: string
  readonly catalogue: ComponentCatalogue
  /**
   * Short names of classes whose top-level beans the container starts; every other top-level bean must be referred to
   * by one of them, or is reported as unused.
   */
  readonly roots: readonly string[]
  /** Options of the command line, by their long name, that give a property of its roots another value. */
  readonly options?: Readonly<Record<string, ContainerOption>>
  /** Present when the container can't be launched yet: the reason, which the launch reports as an error. */
  readonly unavailable?: string
}

/** What runs before the containers and ends after them; an `init` that throws vetoes the launch. */
export interface ModuleExtension {
  init?(context: BeanContext): unknown
  start?(): unknown
  stop?(signal: AbortSignal): unknown
  destroy?(): unknown
}

/** What a package or a file that `modules:` names exports as `aesopModule`. */
export interface AesopModule {
  /** Unique among the modules of a launch. */
  readonly name: string
  /** Short names for descriptors: a class with an optional `static schema`, or a definition that loads it later. */
  readonly components: Readonly<Record<string, BeanClass | ComponentDefinition>>
  readonly constants?: Readonly<Record<string, ConstantSet>>
  /** Short names of components whose top-level beans are started though nothing refers to them. */
  readonly roots?: readonly string[]
  readonly extension?: ModuleExtension
  /** Names of modules whose extensions are initialised before this one's. */
  readonly dependsOn?: readonly string[]
}
