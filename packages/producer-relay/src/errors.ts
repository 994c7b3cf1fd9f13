import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class UpstreamFellOffError extends AesopError {
  static readonly kind = {
    code: 'AESOP_UPSTREAM_FELL_OFF',
    meaning:
      'No relay that this one follows still has what comes after the place where this one stands: to go on would leave a gap.',
    remedy:
      'Name a relay that reaches further back in the uri of the source, if there is one. Else stop this relay, run `aesop-launch state reset <bootstrap.yaml> --source <name>`, and start it: it begins with the oldest window that is there, and clients that are behind that are told so by name. Larger buffers of the relays that are followed, or their late readers, keep it from happening again.',
    canRetry: false,
  } as const
  constructor(scn: bigint, told: readonly string[]) {
    super(UpstreamFellOffError.kind, `no relay has what follows SCN ${scn}: ${told.join('; ')}`, { fields: { scn } })
  }
}

export class UpstreamBehindError extends AesopError {
  static readonly kind = {
    code: 'AESOP_UPSTREAM_BEHIND',
    meaning:
      'No relay that is followed has come as far as this one stands, as one that reads its log again after a restart.',
    remedy: 'The relay waits and asks again by itself. If it lasts, look why the relays that it follows stand still.',
    canRetry: true,
  } as const
  constructor(address: string, cause: Error) {
    super(UpstreamBehindError.kind, `the relay at ${address} is behind this one: ${cause.message}`, {
      cause,
      fields: { address },
    })
  }
}

export class UpstreamRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_UPSTREAM_REFUSED',
    meaning:
      'The relay that was followed does not give what comes next any more: it has overrun this one, or was replaced.',
    remedy:
      'All relays of the uri are asked by itself: one that has what comes next is followed. Where none has it, that is said by another error. A larger buffer of the relay that is followed keeps it from overrunning this one.',
    canRetry: true,
  } as const
  constructor(address: string, cause: Error) {
    super(UpstreamRefusedError.kind, `the relay at ${address} does not give what comes next: ${cause.message}`, {
      cause,
      fields: { address },
    })
  }
}

export class UpstreamSpaceForeignError extends AesopError {
  static readonly kind = {
    code: 'AESOP_UPSTREAM_SPACE_FOREIGN',
    meaning: 'A relay that is followed counts its SCNs in another SCN space than this one: they mean nothing here.',
    remedy:
      'Name only relays of one SCN space in the uri of the source: those that follow one relay, or that read one server under the same scnSpace of their physical sources. If its source has really another history now, stop this relay, run `aesop-launch state reset <bootstrap.yaml> --source <name>`, and start it.',
    canRetry: false,
  } as const
  constructor(address: string, theirs: string, ours: string) {
    super(UpstreamSpaceForeignError.kind, `the relay at ${address} has the SCN space "${theirs}", expected "${ours}"`, {
      fields: { address, theirs, ours },
    })
  }
}

export class UpstreamSpaceUnknownError extends AesopError {
  static readonly kind = {
    code: 'AESOP_UPSTREAM_SPACE_UNKNOWN',
    meaning:
      'A relay that is to be followed does not tell its SCN space, so that nobody can say whether its SCNs are those of before.',
    remedy: 'Follow a relay of this platform, of a version that tells it.',
    canRetry: false,
  } as const
  constructor(address: string) {
    super(UpstreamSpaceUnknownError.kind, `the relay at ${address} does not tell its SCN space`, {
      fields: { address },
    })
  }
}

export class UpstreamSourcesError extends AesopError {
  static readonly kind = {
    code: 'AESOP_UPSTREAM_SOURCES',
    meaning:
      'A relay that is followed does not serve a source of this one, or serves it under another id, which its events carry.',
    remedy: 'Give the sources of this physical source the names and ids that they have in the relay that it follows.',
    canRetry: false,
  } as const
  constructor(address: string, fault: string) {
    super(UpstreamSourcesError.kind, `the relay at ${address} ${fault}`, { fields: { address } })
  }
}

export class UpstreamPartitionError extends AesopError {
  static readonly kind = {
    code: 'AESOP_UPSTREAM_PARTITION',
    meaning:
      'Events of the relay that is followed carry another physical partition than this physical source: their bytes would not be the same.',
    remedy: 'Set id of the physical source to the number that the message expects.',
    canRetry: false,
  } as const
  constructor(address: string, theirs: number, ours: number) {
    super(
      UpstreamPartitionError.kind,
      `events of the relay at ${address} carry the physical partition ${theirs}: the physical source has the id ${ours}, expected ${theirs}`,
      { fields: { address, theirs, ours } },
    )
  }
}

export class UpstreamSchemaMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_UPSTREAM_SCHEMA_MISSING',
    meaning: 'An event of the relay that is followed names a schema that this relay does not tell of.',
    remedy: 'Look at the schema registry of that relay; it is asked again by itself.',
    canRetry: true,
  } as const
  constructor(address: string, sourceId: number, schemaId: string, scn: bigint) {
    super(
      UpstreamSchemaMissingError.kind,
      `the relay at ${address} has no schema ${schemaId} of the source ${sourceId}, which an event of SCN ${scn} names`,
      { fields: { address, sourceId, schemaId, scn } },
    )
  }
}

export class UpstreamEventOrderError extends AesopError {
  static readonly kind = {
    code: 'AESOP_UPSTREAM_EVENT_ORDER',
    meaning: 'A relay that is followed sent events in an order that no relay may send.',
    remedy: 'It is read again from the last whole window by itself; check what stands between the relays.',
    canRetry: true,
  } as const
  constructor(address: string, fault: string) {
    super(UpstreamEventOrderError.kind, `events of the relay at ${address} are out of order: ${fault}`, {
      fields: { address },
    })
  }
}

export class UpstreamPlaceInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_UPSTREAM_PLACE_INVALID',
    meaning: 'The stored place of a source is not one of a source that follows a relay.',
    remedy:
      'Give the physical source a name of its own, or, if nobody needs the place any more, stop the relay and run `aesop-launch state reset <bootstrap.yaml> --source <name>`.',
    canRetry: false,
  } as const
  constructor(fault: string) {
    super(UpstreamPlaceInvalidError.kind, `the stored place of the source can't be used: ${fault}`)
  }
}

export const upstreamErrors: readonly AesopErrorClass[] = [
  UpstreamFellOffError,
  UpstreamBehindError,
  UpstreamRefusedError,
  UpstreamSpaceForeignError,
  UpstreamSpaceUnknownError,
  UpstreamSourcesError,
  UpstreamPartitionError,
  UpstreamSchemaMissingError,
  UpstreamEventOrderError,
  UpstreamPlaceInvalidError,
]
