import { type AdminAccess } from '../admin/admin-access.ts'
import { type ContainerDefinition } from '../component.ts'
import { type DescriptorError } from '../errors.ts'
import { type SecretMask } from '../log/secret-mask.ts'
import { type CompiledDescriptor } from './bean-compiler.ts'
import { type RuntimeNature } from './bootstrap-plan.ts'
import { type Descriptor } from './definition.ts'
import { type Disclosure } from './disclosure.ts'
import { type Links } from './linker.ts'
import { type SecretProviders } from './secret-provider.ts'

/** One component container with its checked descriptors. */
export interface PreparedContainer {
  readonly name: string
  readonly definition: ContainerDefinition
  readonly onFailure: 'abort' | 'continue'
  readonly paths: readonly string[]
  readonly descriptors: readonly CompiledDescriptor[]
  /** The descriptors as they were read, for those who show them. */
  readonly read: readonly ReadDescriptor[]
}

/** Everything that a launch needs to know; nothing has been made yet. */
export interface PreparedLaunch {
  readonly applicationName: string
  readonly nature: RuntimeNature
  readonly projectsRoot: string
  readonly stateDirectory: string
  /** Who may ask the admin server. */
  readonly admin?: AdminAccess
  readonly containers: readonly PreparedContainer[]
}

export interface PreparationOptions {
  readonly containers: readonly ContainerDefinition[]
  /** Values of `--set`. */
  readonly set?: Readonly<Record<string, string>> | undefined
  /** Values of options that containers bring, by their long name. */
  readonly containerOptions?: Readonly<Record<string, string>> | undefined
  /** The values of `set` stand on a command line: there is a warning when one of them is a secret. */
  readonly isSetByArguments?: boolean | undefined
  /** More places that texts come from, by name: `vault` serves `${vault:name}`, besides `file`, `env` and `cred`. */
  readonly providers?: SecretProviders | undefined
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Chosen profiles; what `AESOP_PROFILE` says (separated by commas) comes before them. */
  readonly profiles?: readonly string[] | undefined
  /** Properties files; what `AESOP_PROPERTIES` names comes before them, and later ones win. */
  readonly properties?: readonly string[] | undefined
  /** In place of the `projectsRoot` of the bootstrap descriptor; absolute. */
  readonly projectsRoot?: string | undefined
  /** Warnings are errors. */
  readonly strict?: boolean | undefined
  readonly mask?: SecretMask | undefined
  /** Loads what a launch needs before the user's modules: later it would go through the loader of TypeScript. */
  readonly preload?: boolean | undefined
}

/** A descriptor that was read, with the container that it belongs to; `bootstrap` for the bootstrap descriptor. */
export interface ReadDescriptor {
  readonly container: string
  readonly descriptor: Descriptor
  readonly links: Links
  readonly disclosure: Disclosure
}

/** The outcome of reading and checking descriptors: `launch` only for a bootstrap descriptor without errors. */
export interface Preparation {
  readonly launch?: PreparedLaunch
  /** Errors and warnings, in reading order. */
  readonly problems: readonly DescriptorError[]
  /** What is worth knowing and no fault. */
  readonly notes: readonly DescriptorError[]
  readonly descriptors: readonly ReadDescriptor[]
  readonly fileCount: number
  readonly mask: SecretMask
}
