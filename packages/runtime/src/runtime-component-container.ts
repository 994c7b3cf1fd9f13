import type { ComponentCatalogue, ContainerDefinition } from './component.ts'

/** What a component container of a user's own must say of itself; the rest has defaults. */
export interface ComponentContainerOptions {
  /** The short name, by which the log, the admin server and other descriptors know it. */
  readonly name: string
  /** Default: the name of the class. */
  readonly className?: string
  /** Default: `<name>-config.yaml`. */
  readonly descriptorName?: string
  /** The classes that descriptors may name by a short name; default none, `./file.ts#Class` works always. */
  readonly catalogue?: ComponentCatalogue
  /** Short names of classes whose top-level beans nobody needs to refer to; default: all of the catalogue. */
  readonly roots?: readonly string[]
}

/**
 * A kind of component container. A user's own extends it with a constructor without arguments and is named in a
 * bootstrap descriptor as `./reports.ts#ReportsContainer`.
 */
export class RuntimeComponentContainer implements ContainerDefinition {
  readonly name: string
  readonly className: string
  readonly descriptorName: string
  readonly catalogue: ComponentCatalogue
  readonly roots: readonly string[]

  constructor(options: ComponentContainerOptions) {
    this.name = options.name
    this.className = options.className ?? new.target.name
    this.descriptorName = options.descriptorName ?? `${options.name}-config.yaml`
    this.catalogue = options.catalogue ?? { components: {} }
    this.roots = options.roots ?? Object.keys(this.catalogue.components)
  }
}
