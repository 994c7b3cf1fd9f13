import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class BootstrapPropertyUnknownError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_PROPERTY_UNKNOWN',
    meaning: 'A property of a bootstrap producer has a name that none knows.',
    remedy: 'Correct the name; docs/bootstrap.md lists the known ones.',
    canRetry: false,
  } as const
  constructor(key: string, nearest: string | undefined) {
    const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`
    super(BootstrapPropertyUnknownError.kind, `the bootstrap property "${key}" is not known${hint}`, {
      fields: { key, nearest },
    })
  }
}

export class BootstrapPropertyInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_PROPERTY_INVALID',
    meaning: 'A property of a bootstrap producer has a value that can not be used.',
    remedy: 'Correct the value that the message names.',
    canRetry: false,
  } as const
  constructor(key: string, value: unknown, expected: string) {
    super(
      BootstrapPropertyInvalidError.kind,
      `the bootstrap property "${key}" is ${String(value)}, expected ${expected}`,
      { fields: { key } },
    )
  }
}

export class BootstrapPropertyRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_PROPERTY_REFUSED',
    meaning:
      'A property of a bootstrap producer asks for something that it does not do, and going on without it would mislead.',
    remedy: 'Remove the property; the message says what takes its place.',
    canRetry: false,
  } as const
  /** Its value is not shown: it may be a password. */
  constructor(key: string, reason: string) {
    super(BootstrapPropertyRefusedError.kind, `the bootstrap property "${key}" can't be honoured: ${reason}`, {
      fields: { key },
    })
  }
}

export class BootstrapRelaysError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_RELAYS',
    meaning: 'No relay that a bootstrap producer may follow has the sources of one of its physical sources.',
    remedy: 'Name in relays one that serves them, or leave its relayLogicalSourceNames out.',
    canRetry: false,
  } as const
  constructor(physicalSource: string, sources: readonly string[]) {
    super(BootstrapRelaysError.kind, `no relay of ${physicalSource} has all of ${sources.join(', ')}`, {
      fields: { physicalSource },
    })
  }
}

export class SeedingSourceUnknownError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_SEEDING_SOURCE_UNKNOWN',
    meaning: 'A table was to be seeded, or its seeding ended, that the bootstrap producer does not have.',
    remedy: 'Name one of those that the message lists, or add it to physicalSources of the producer.',
    canRetry: false,
  } as const
  constructor(source: string, known: readonly string[]) {
    super(SeedingSourceUnknownError.kind, `there is no source "${source}"; there are ${known.join(', ')}`, {
      fields: { source },
    })
  }
}

export class SeedingImpossibleError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_SEEDING_IMPOSSIBLE',
    meaning: 'What was asked for the seeding of a table can not be done as it stands.',
    remedy: 'Read the reason; aesop-launch bootstrap status says where each table stands.',
    canRetry: false,
  } as const
  constructor(source: string, reason: string) {
    super(SeedingImpossibleError.kind, `the source "${source}": ${reason}`, { fields: { source } })
  }
}

export class NotComparableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_NOT_COMPARABLE',
    meaning:
      'A table could not be compared with what the bootstrap store has of it: one of both is not there, or not whole.',
    remedy:
      'Read the reason; aesop-launch bootstrap status says where the table stands. Compare it again when it is ACTIVE and the producer follows.',
    canRetry: true,
  } as const
  constructor(source: string, reason: string) {
    super(NotComparableError.kind, `the source "${source}" was not compared: ${reason}`, { fields: { source } })
  }

  static ofStill(source: string, standsAt: bigint, wanted: bigint): NotComparableError {
    const reason = `rows differ from what the store has at SCN ${standsAt}, the table is at ${wanted}, and the store stands still: start its producer, or see why it waits`
    return new NotComparableError(source, reason)
  }
}

export const bootstrapProducerErrors: readonly AesopErrorClass[] = [
  BootstrapPropertyUnknownError,
  BootstrapPropertyInvalidError,
  BootstrapPropertyRefusedError,
  BootstrapRelaysError,
  SeedingSourceUnknownError,
  SeedingImpossibleError,
  NotComparableError,
]
