import { AesopError, type AesopErrorClass, type AesopErrorOptions, messageOf, visibleText } from '@aesop/kernel'

export class ClusterSettingInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLUSTER_SETTING_INVALID',
    meaning: 'A setting of a cluster, or an argument of one of its operations, has a value that it can not have.',
    remedy: 'Correct what the message names.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(ClusterSettingInvalidError.kind, message, options)
  }
  static of(name: string, value: string | number, expected: string, remedy?: string): ClusterSettingInvalidError {
    return new ClusterSettingInvalidError(`${name} is ${visibleText(String(value))}: ${expected}`, {
      fields: { name },
      ...(remedy === undefined ? {} : { remedy }),
    })
  }
}

export class ClusterConfigDiffersError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLUSTER_CONFIG_DIFFERS',
    meaning:
      'A member has another number of partitions than its cluster was made with. Keys would be of other partitions than their checkpoints.',
    remedy: 'Set the number that the message gives, or name another cluster, which begins without checkpoints.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(ClusterConfigDiffersError.kind, message, options)
  }
  static of(cluster: string, own: number, theirs: number): ClusterConfigDiffersError {
    return new ClusterConfigDiffersError(
      `cluster "${cluster}" has ${theirs} partitions, and this member is set to ${own}`,
      { fields: { cluster, own, theirs } },
    )
  }
}

export class MemberAliveError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLUSTER_MEMBER_ALIVE',
    meaning: 'A member joins with an id that a live member has.',
    remedy:
      'If a former run of it was killed, wait for the time that the message gives, and join again. Else give each process an id of its own.',
    canRetry: true,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(MemberAliveError.kind, message, options)
  }
  static of(cluster: string, memberId: string, incarnation: string, ttlMs: number): MemberAliveError {
    return new MemberAliveError(
      `cluster "${cluster}" has a live member "${memberId}" (incarnation ${visibleText(incarnation)}); what a killed run left is gone after about ${ttlMs} ms`,
      { fields: { cluster, memberId, incarnation, ttlMs } },
    )
  }
}

export class NotMemberError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLUSTER_NOT_MEMBER',
    meaning: 'Something was asked for that only a live member of the cluster may do.',
    remedy: 'Join first. After leaving, open another coordinator.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(NotMemberError.kind, message, options)
  }
  static of(what: string, fault: string): NotMemberError {
    return new NotMemberError(`${what}: this coordinator ${fault}`)
  }
}

export class AssignmentInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLUSTER_ASSIGNMENT_INVALID',
    meaning: 'An assignment was to be written whose epochs go back, or that is of another number of partitions.',
    remedy: 'Make it of the newest assignment (readAssignment) by assign().',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(AssignmentInvalidError.kind, message, options)
  }
}

export class DocumentTooLargeError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLUSTER_TOO_LARGE',
    meaning:
      'A checkpoint, or what a member says of itself, is larger than the home of the cluster takes. It was not sent.',
    remedy: 'Store less in it: the message says how many bytes there may be.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(DocumentTooLargeError.kind, message, options)
  }
  static of(what: string, bytes: number, max: number): DocumentTooLargeError {
    return new DocumentTooLargeError(`${what} has ${bytes} bytes, ${max} at most are stored`, {
      fields: { bytes, max },
    })
  }
}

export class DocumentFormatNewerError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLUSTER_FORMAT_NEWER',
    meaning: 'A document of the cluster was written by a newer version, in a format that this one does not know.',
    remedy: 'Run the same version in all members. The document is left as it is.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(DocumentFormatNewerError.kind, message, options)
  }
  static of(where: string, format: number, known: number): DocumentFormatNewerError {
    return new DocumentFormatNewerError(`${where} has format ${format}, and this version knows ${known}`, {
      fields: { where, format, known },
    })
  }
}

export class DocumentMalformedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLUSTER_DOCUMENT_MALFORMED',
    meaning: 'A document of the cluster can not be read: something else wrote there.',
    remedy: 'Find out what wrote there, and put back what it was; or name another cluster, which has no checkpoints.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(DocumentMalformedError.kind, message, options)
  }
  static of(where: string, fault: string): DocumentMalformedError {
    return new DocumentMalformedError(`${where} can not be read: ${fault}`, { fields: { where } })
  }
}

export class ClusterUnavailableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLUSTER_UNAVAILABLE',
    meaning:
      'The home of the cluster did not answer. The message says whether what was asked for may have been done all the same.',
    remedy:
      'Nothing, if it passes: ask again, what an earlier attempt did is looked at first. Else see the cause, and whether the servers are up.',
    canRetry: true,
  } as const
  /** Of what was to be written. */
  readonly outcome: 'unknown' | 'not sent'
  constructor(message: string, outcome: 'unknown' | 'not sent', options?: AesopErrorOptions) {
    super(ClusterUnavailableError.kind, message, options)
    this.outcome = outcome
  }
  static of(what: string, outcome: 'unknown' | 'not sent', cause: unknown): ClusterUnavailableError {
    const told = outcome === 'unknown' ? 'it may have been done' : 'it was not done'
    return new ClusterUnavailableError(`${what} has no answer, ${told}: ${messageOf(cause)}`, outcome, { cause })
  }
}

export class ClusterLostError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLUSTER_LOST',
    meaning:
      'A coordinator has no part in its cluster any more: nobody answered it for as long as a member may be silent, or it was closed.',
    remedy: 'Open another coordinator and join again: what this one owned may be of others.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(ClusterLostError.kind, message, options)
  }
  static of(what: string, state: string, cause?: unknown): ClusterLostError {
    return new ClusterLostError(`${what}: the coordinator is ${state}`, { cause, fields: { state } })
  }
}

export const clusterErrors: readonly AesopErrorClass[] = [
  ClusterSettingInvalidError,
  ClusterConfigDiffersError,
  MemberAliveError,
  NotMemberError,
  AssignmentInvalidError,
  DocumentTooLargeError,
  DocumentFormatNewerError,
  DocumentMalformedError,
  ClusterUnavailableError,
  ClusterLostError,
]
