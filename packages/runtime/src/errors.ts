import { AesopError, type AesopErrorClass, type ErrorKind, messageOf } from '@aesop/kernel'
import { DescriptorError, type Finding } from './descriptor/descriptor-error.ts'

export { DescriptorError, type Finding } from './descriptor/descriptor-error.ts'

export class DescriptorNotFoundError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_NOT_FOUND',
    meaning: 'A descriptor could not be found or read.',
    remedy: 'Check the path; the message names the folders that were searched.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(DescriptorNotFoundError.kind, message, finding)
  }
}

export class DescriptorSyntaxError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_SYNTAX',
    meaning: 'A descriptor is not well-formed YAML.',
    remedy: 'Mend the place that the message shows; mind indentation and quotes.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(DescriptorSyntaxError.kind, message, finding)
  }
}

export class DescriptorShapeError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_SHAPE',
    meaning: 'A part of a descriptor has another form than the language asks for.',
    remedy:
      'Compare with docs/descriptors.md: `beans` maps ids to definitions, a definition has a class, a map, a const or a value.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(DescriptorShapeError.kind, message, finding)
  }
}

export class DescriptorKeyUnknownError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_KEY_UNKNOWN',
    meaning: 'A descriptor contains a key that the language does not know.',
    remedy: 'Correct the spelling, or remove the key.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(DescriptorKeyUnknownError.kind, message, finding)
  }
}

export class DescriptorKeyUnsupportedError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_KEY_UNSUPPORTED',
    meaning: 'A key of the descriptor language is not available in this version.',
    remedy: 'Write the definition without this key.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(DescriptorKeyUnsupportedError.kind, message, finding)
  }
}

export class BeanDuplicateError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_BEAN_DUPLICATE',
    meaning: 'An id or a key is defined twice.',
    remedy: 'Rename or remove one of the two; the message names both places.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(BeanDuplicateError.kind, message, finding)
  }
}

export class BeanUnknownError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_BEAN_UNKNOWN',
    meaning: 'A reference names a bean that no descriptor of this container defines.',
    remedy: 'Correct the id, or define the bean in the same descriptor or in one that it imports.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(BeanUnknownError.kind, message, finding)
  }
}

export class BeanCycleError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_BEAN_CYCLE',
    meaning: 'Beans refer to each other in a circle, so that none of them can be made first.',
    remedy: 'Take one reference out of the circle that the message shows.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(BeanCycleError.kind, message, finding)
  }
}

export class BeanUnusedError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_BEAN_UNUSED',
    meaning: 'A bean is defined, but nothing refers to it and the container does not start it.',
    remedy: 'Refer to it, or remove it.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(BeanUnusedError.kind, message, finding)
  }
}

export class ClassUnknownError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_CLASS_UNKNOWN',
    meaning: 'A definition names a class that the container does not offer.',
    remedy: 'Use a short name from docs/descriptors.md, or <module>#<Export> for a class of your own.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ClassUnknownError.kind, message, finding)
  }
}

export class ConstantUnknownError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_CONSTANT_UNKNOWN',
    meaning: 'A constant or a map key names a member that its set of constants does not have.',
    remedy: 'Correct the name; the message suggests the nearest one.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ConstantUnknownError.kind, message, finding)
  }
}

export class PropertyUnknownError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_PROPERTY_UNKNOWN',
    meaning: 'A definition sets a property that its class does not have.',
    remedy: 'Correct the spelling, or remove the property.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(PropertyUnknownError.kind, message, finding)
  }
}

export class PropertyTypeError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_PROPERTY_TYPE',
    meaning: 'The value of a property is not of the kind that its class asks for.',
    remedy: 'Give a value of the kind that the message names.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(PropertyTypeError.kind, message, finding)
  }
}

export class PropertyMissingError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_PROPERTY_MISSING',
    meaning: 'A definition leaves out a property that its class needs.',
    remedy: 'Add the property.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(PropertyMissingError.kind, message, finding)
  }
}

export class PlaceholderUnresolvedError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_PLACEHOLDER_UNRESOLVED',
    meaning: 'A ${placeholder} has no value and no default.',
    remedy: 'Set it with --set, in the environment or under `properties`, or give a default: ${key:default}.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(PlaceholderUnresolvedError.kind, message, finding)
  }
}

export class SettingUnusedError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_SETTING_UNUSED',
    meaning: 'A --set option names a key that no descriptor uses.',
    remedy: 'Correct the key, or leave the option out.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(SettingUnusedError.kind, message, finding)
  }
}

export class BootstrapInvalidError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_BOOTSTRAP_INVALID',
    meaning: 'The bootstrap descriptor does not say what to launch.',
    remedy: 'Declare one bean of class BootstrapInfo with componentContainers.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(BootstrapInvalidError.kind, message, finding)
  }
}

export class ContainerUnknownError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_CONTAINER_UNKNOWN',
    meaning: 'The bootstrap descriptor names a component container that does not exist.',
    remedy: 'Use one of the names that the message lists.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ContainerUnknownError.kind, message, finding)
  }
}

export class ContainerUnavailableError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_CONTAINER_UNAVAILABLE',
    meaning: "A component container exists by name, but can't be launched in this version.",
    remedy: 'Take it out of componentContainers.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ContainerUnavailableError.kind, message, finding)
  }
}

export class ModuleNotFoundError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_MODULE_NOT_FOUND',
    meaning: "The module of a user's class could not be found.",
    remedy: 'Check the path; it counts from the folder of the descriptor that names it.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ModuleNotFoundError.kind, message, finding)
  }
}

export class ModuleLoadFailedError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_MODULE_LOAD_FAILED',
    meaning: "The module of a user's class was found, but failed while it was loaded.",
    remedy: 'Read the cause; run with -v for the stack.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ModuleLoadFailedError.kind, message, finding)
  }
}

export class ModuleExportUnknownError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_MODULE_EXPORT_UNKNOWN',
    meaning: 'A module has no export of the name that the descriptor gives.',
    remedy: 'Correct the name after `#`; the message lists the exports.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ModuleExportUnknownError.kind, message, finding)
  }
}

export class ModuleMethodMissingError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_MODULE_METHOD_MISSING',
    meaning: 'A class lacks a method that its place in the descriptor needs.',
    remedy: 'Write the method; the message names it.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ModuleMethodMissingError.kind, message, finding)
  }
}
/** All problems of the descriptors of one launch; nothing was started. */
export class DescriptorsInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTORS_INVALID',
    meaning: 'Descriptors have errors, so nothing was started.',
    remedy: 'Mend the errors that are listed; aesop-launch check shows them without starting anything.',
    canRetry: false,
  } as const
  readonly problems: readonly DescriptorError[]
  constructor(problems: readonly DescriptorError[]) {
    const errors = problems.filter((problem) => problem.severity === 'error')
    const codes = errors.map((problem) => `${problem.code}: ${problem.message}`).join('; ')
    super(DescriptorsInvalidError.kind, `${errors.length} error(s) in the descriptors: ${codes}`)
    this.problems = problems
  }
}

/** What a failed step of a bean knows: the bean, where it is defined, what happened. */
export interface BeanFailure {
  readonly container: string
  readonly bean: string
  readonly finding: Finding
  readonly cause: unknown
}

/** A step in the life of a bean failed; the base of the `AESOP_RUNTIME_…_FAILED` errors. */
export class BeanStepError extends DescriptorError {
  readonly container: string
  readonly bean: string
  constructor(kind: ErrorKind, failed: string, failure: BeanFailure) {
    super(kind, `bean "${failure.bean}" ${failed}: ${messageOf(failure.cause)}`, {
      hint: failure.cause instanceof AesopError ? failure.cause.remedy : undefined,
      ...failure.finding,
      bean: failure.bean,
      cause: failure.cause,
    })
    this.container = failure.container
    this.bean = failure.bean
  }
}

export class BuildFailedError extends BeanStepError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_BUILD_FAILED',
    meaning: 'A bean could not be made: its constructor, its factory or its init threw.',
    remedy: 'Read the cause; what had been made was destroyed again.',
    canRetry: false,
  } as const
  constructor(failure: BeanFailure) {
    super(BuildFailedError.kind, 'could not be made', failure)
  }
}

export class StartFailedError extends BeanStepError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_START_FAILED',
    meaning: 'A bean failed to start; everything that had been started was stopped again.',
    remedy: 'Read the cause; run with -v for the stack.',
    canRetry: false,
  } as const
  constructor(failure: BeanFailure) {
    super(StartFailedError.kind, 'failed to start', failure)
  }
}

export class StopFailedError extends BeanStepError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_STOP_FAILED',
    meaning: 'A bean failed to stop or to be destroyed; all others were stopped nevertheless.',
    remedy: 'Read the cause; the process ends with code 5.',
    canRetry: false,
  } as const
  constructor(failure: BeanFailure) {
    super(StopFailedError.kind, 'failed to stop', failure)
  }
}

export class StepTimedOutError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_STEP_TIMED_OUT',
    meaning: 'A bean took longer to start or stop than it may.',
    remedy: 'Find out what it waits for, or raise --start-timeout or --shutdown-timeout.',
    canRetry: false,
  } as const
  constructor(step: string, limitMs: number) {
    super(StepTimedOutError.kind, `${step} took longer than ${limitMs / 1000} s`, { fields: { step, limitMs } })
  }
}

export class BeanDiedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_BEAN_DIED',
    meaning:
      'A bean reported, after its start, that it can never work again; the process stops in order and exits with 1.',
    remedy: 'Read the cause.',
    canRetry: false,
  } as const
  constructor(container: string, bean: string, cause: unknown) {
    super(BeanDiedError.kind, `bean "${bean}" of container "${container}" can't go on: ${messageOf(cause)}`, {
      cause,
      fields: { container, bean },
      ...(cause instanceof AesopError ? { remedy: cause.remedy } : {}),
    })
  }
}

export class UncaughtFailureError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_UNCAUGHT',
    meaning: 'An exception or a rejected promise was handled by nobody; the process stops in order and exits with 1.',
    remedy: 'It is a fault of the code in the stack trace; run with -v to see it.',
    canRetry: false,
  } as const
  constructor(cause: unknown) {
    super(UncaughtFailureError.kind, `uncaught: ${messageOf(cause)}`, { cause })
  }
}

export class LaunchStoppedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_LAUNCH_STOPPED',
    meaning: 'The launch was asked to stop before everything had started.',
    remedy: 'Nothing to do: what had been started was stopped again.',
    canRetry: false,
  } as const
  constructor() {
    super(LaunchStoppedError.kind, 'the launch was stopped before everything had started')
  }
}

export const runtimeErrors: readonly AesopErrorClass[] = [
  DescriptorNotFoundError,
  DescriptorSyntaxError,
  DescriptorShapeError,
  DescriptorKeyUnknownError,
  DescriptorKeyUnsupportedError,
  BeanDuplicateError,
  BeanUnknownError,
  BeanCycleError,
  BeanUnusedError,
  ClassUnknownError,
  ConstantUnknownError,
  PropertyUnknownError,
  PropertyTypeError,
  PropertyMissingError,
  PlaceholderUnresolvedError,
  SettingUnusedError,
  BootstrapInvalidError,
  ContainerUnknownError,
  ContainerUnavailableError,
  ModuleNotFoundError,
  ModuleLoadFailedError,
  ModuleExportUnknownError,
  ModuleMethodMissingError,
  DescriptorsInvalidError,
  BuildFailedError,
  StartFailedError,
  StopFailedError,
  StepTimedOutError,
  BeanDiedError,
  UncaughtFailureError,
  LaunchStoppedError,
]
