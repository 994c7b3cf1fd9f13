import { type BeanClass } from '../component.ts'
import { type SourceRange } from '../descriptor/source-file.ts'
import { type StandardSchema } from '../descriptor/standard-schema.ts'

/** How a value is made: what remains of a definition after checking. Knows nothing of YAML. */
export type Recipe =
  | { readonly kind: 'constant'; readonly value: unknown }
  | { readonly kind: 'list'; readonly items: readonly Recipe[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Recipe])[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string | number | bigint, Recipe])[] }
  | ReferenceRecipe
  | BeanRecipe

export interface ReferenceRecipe {
  readonly kind: 'reference'
  readonly id: string
  readonly access?: { readonly by: 'get' | 'call'; readonly name: string }
  readonly at: SourceRange
  /** Methods that whatever is injected must have. */
  readonly methods: readonly string[]
}

export interface BeanRecipe {
  readonly kind: 'bean'
  /** The id of a top-level bean, or a derived path for an inner one: `sampleRelay.producerRegistrationList[0]`. */
  readonly id: string
  readonly className: string
  readonly load: () => Promise<BeanClass>
  readonly args?: readonly Recipe[]
  /** Undefined when `args` replace the options. */
  readonly options?: Recipe
  /** Checks and converts the options when the bean is made. */
  readonly standard?: StandardSchema
  /** A static method of the class that is called in place of the constructor. */
  readonly factory?: string
  readonly init?: string
  readonly destroy?: string
  readonly at: SourceRange
  readonly methods: readonly string[]
}

/** A top-level bean, ready to be made. */
export interface TopLevelRecipe {
  readonly id: string
  readonly recipe: Recipe
  /** Ids of top-level beans that must exist before: all references, also of inner beans, and `dependsOn`. */
  readonly dependencies: readonly string[]
  readonly at: SourceRange
}
