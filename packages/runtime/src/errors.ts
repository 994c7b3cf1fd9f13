import * as adminErrors from './admin/admin-errors.ts'
import * as operationErrors from './lifecycle/operation-errors.ts'
import * as stateErrors from './state/state-errors.ts'
import { AesopError, type AesopErrorClass, type ErrorKind, messageOf } from '@aesop/kernel'
import { descriptorErrors } from './descriptor-errors.ts'
import { DescriptorError, type Finding } from './descriptor/descriptor-error.ts'

export { DescriptorError, type Finding } from './descriptor/descriptor-error.ts'
export * from './admin/admin-errors.ts'
export * from './lifecycle/operation-errors.ts'
export * from './state/state-errors.ts'
export {
  BeanAbstractError,
  BeanCycleError,
  BeanDuplicateError,
  BeanInactiveError,
  BeanUnknownError,
  BeanUnusedError,
  BootstrapInvalidError,
  ClassUnknownError,
  ConstantUnknownError,
  ContainerUnavailableError,
  ContainerUnknownError,
  DescriptorKeyUnknownError,
  DescriptorKeyUnsupportedError,
  DescriptorNotFoundError,
  DescriptorShapeError,
  DescriptorSyntaxError,
  ModuleClashError,
  ModuleExportUnknownError,
  ModuleInvalidError,
  ModuleLoadFailedError,
  ModuleMethodMissingError,
  ModuleNotFoundError,
  ModuleSchemaMissingError,
  ParentInvalidError,
  PlaceholderTooLongError,
  PlaceholderUnresolvedError,
  ProfileUnusedError,
  PropertyMissingError,
  ValueDoubleError,
  StoreDoubleError,
  StoreElsewhereError,
  PropertyTypeError,
  PropertyUnknownError,
  SecretUnreadableError,
  SettingInvalidError,
  SettingSecretError,
  SettingUnusedError,
} from './descriptor-errors.ts'

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
  ...descriptorErrors,
  DescriptorsInvalidError,
  BuildFailedError,
  StartFailedError,
  StopFailedError,
  StepTimedOutError,
  BeanDiedError,
  UncaughtFailureError,
  LaunchStoppedError,
  ...Object.values(operationErrors),
  ...Object.values(stateErrors),
  ...Object.values(adminErrors),
]
