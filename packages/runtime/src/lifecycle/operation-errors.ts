import { AesopError, messageOf } from '@aesop/kernel'
import type { ReloadReport } from './container-operations.ts'
import type { ItemChange } from './item-reload.ts'
import type { DescriptorError } from '../descriptor/descriptor-error.ts'

/** Somebody named a container, a bean, an action or a logger that this process does not have. */
export class TargetUnknownError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_TARGET_UNKNOWN',
    meaning: 'An operation names a container, bean, action or logger that the process does not have.',
    remedy: 'Look at /admin/containers and /admin/beans for the names that there are.',
    canRetry: false,
  } as const
  constructor(what: string, name: string, known: readonly string[]) {
    const names = known.length === 0 ? 'there is none' : `there is ${known.slice(0, 20).join(', ')}`
    super(TargetUnknownError.kind, `there is no ${what} "${name}" (${names})`)
  }
}

/** A reload found errors in the descriptors; nothing was stopped. */
export class ReloadRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_RELOAD_REFUSED',
    meaning: 'A reload was refused before anything was stopped; what ran goes on running.',
    remedy: 'Mend what the message names and reload again; aesop-launch check shows errors of descriptors.',
    canRetry: false,
  } as const
  readonly problems: readonly DescriptorError[]
  constructor(reason: string, problems: readonly DescriptorError[] = [], cause?: unknown) {
    super(ReloadRefusedError.kind, `nothing was reloaded: ${reason}`, { cause })
    this.problems = problems
  }
}

/** A definition changed in more than the items of live lists, and the container would have to end for it. */
export class ReloadWholeError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_RELOAD_WHOLE',
    meaning:
      'A reload changes more of a running container than the items of lists that can change while it runs, as physical sources and registrations can. Nothing was touched.',
    remedy: 'Take that change back, or replace the container as a whole: POST /admin/containers/<name>/reload.',
    canRetry: false,
  } as const
  constructor(container: string, lists: readonly string[], changed: readonly string[]) {
    super(
      ReloadWholeError.kind,
      `nothing was reloaded: container "${container}" runs on while items of ${lists.join(' and ')} come and go; ` +
        `these would end it: ${changed.join(', ')}`,
      {
        remedy: `Take that change back, or replace the container as a whole: POST /admin/containers/${container}/reload.`,
        fields: { container, changed },
      },
    )
  }
}

/** Items that could not be changed as their descriptor says; all others are. */
export class ReloadIncompleteError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_RELOAD_INCOMPLETE',
    meaning:
      'Items of a running container could not be added, replaced or removed in order; everything else was reloaded and runs.',
    remedy: 'Read what the message says of each, mend it and reload again: what is there already stays as it is.',
    canRetry: false,
  } as const
  readonly report: ReloadReport
  constructor(report: ReloadReport) {
    const failed = (report.items ?? []).filter((item) => item.failed !== undefined)
    super(ReloadIncompleteError.kind, `not all was reloaded: ${failed.map(failureText).join('; ')}`)
    this.report = report
  }
}

function failureText({ container, list, item, change, failed, isRestored }: ItemChange): string {
  const end = isRestored === undefined ? '' : isRestored ? ' (the old one works again)' : ' (and the old one is gone)'
  return `${container} ${list} "${item}" was not ${change} in order: ${failed?.message ?? ''}${end}`
}

/** The new definition of a container failed to start; the cause is the failure of the bean. */
export class ReloadFailedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_RELOAD_FAILED',
    meaning: 'A container failed to start with its new definition; the message says whether the old one runs again.',
    remedy: 'Read the cause, mend the descriptor and reload again.',
    canRetry: false,
  } as const
  readonly isRestored: boolean
  constructor(container: string, cause: unknown, restoreFailure?: unknown) {
    const end =
      restoreFailure === undefined
        ? 'the old definition runs again'
        : `and the old definition did not start again either: ${messageOf(restoreFailure)}`
    super(ReloadFailedError.kind, `container "${container}" did not start anew: ${messageOf(cause)}; ${end}`, { cause })
    this.isRestored = restoreFailure === undefined
  }
}

/** A test overrides something that the descriptors do not have. */
export class OverrideUnknownError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_OVERRIDE_UNKNOWN',
    meaning: 'An override names a bean or a class that no descriptor of the launch has.',
    remedy: 'Give the id of a top-level bean, or the text of its class as it stands in the descriptor.',
    canRetry: false,
  } as const
  constructor(name: string, hint: string | undefined) {
    super(OverrideUnknownError.kind, `there is no bean and no class "${name}" to override`, {
      ...(hint === undefined ? {} : { remedy: hint }),
    })
  }
}
