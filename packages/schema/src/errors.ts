import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class SchemaInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SCHEMA_INVALID',
    meaning: 'The text of a schema is no Avro record schema.',
    remedy: 'Mend the .avsc file: a JSON object of type "record" with a name and fields.',
    canRetry: false,
  } as const
  constructor(where: string, fault: string, cause?: unknown) {
    super(SchemaInvalidError.kind, `the schema of ${where} is not valid: ${fault}`, { cause, fields: { where } })
  }
}

export class SchemaRegistryUnreadableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SCHEMA_REGISTRY_UNREADABLE',
    meaning: 'A folder or file of the schema registry can not be read.',
    remedy: 'Make the folder accessible for this process; names are <logical source>.<version>.avsc.',
    canRetry: false,
  } as const
  constructor(path: string, cause: unknown) {
    const fault = cause instanceof Error ? cause.message : String(cause)
    super(SchemaRegistryUnreadableError.kind, `the schema registry at ${path} failed: ${fault}`, {
      cause,
      fields: { path },
    })
  }
}

export class SchemaRegistryUnwritableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SCHEMA_REGISTRY_UNWRITABLE',
    meaning: 'A derived schema can not be kept, so that no row may be written under it.',
    remedy: 'Make room on the disk, or make the folder writable for this process; the source tries again by itself.',
    canRetry: true,
  } as const
  constructor(path: string, cause: unknown) {
    const fault = cause instanceof Error ? cause.message : String(cause)
    super(SchemaRegistryUnwritableError.kind, `the schema ${path} can not be written: ${fault}`, {
      cause,
      fields: { path },
    })
  }
}

export class PayloadCorruptError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SCHEMA_PAYLOAD_CORRUPT',
    meaning: 'The Avro value of an event does not fit the schema that the event names.',
    remedy: 'The producer wrote it under another schema: check hand-written schemas of the relay against the table.',
    canRetry: false,
  } as const
  constructor(record: string, fault: string, cause?: unknown) {
    super(PayloadCorruptError.kind, `a value of ${record} can not be decoded: ${fault}`, { cause, fields: { record } })
  }
}

export class PayloadLimitError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SCHEMA_PAYLOAD_LIMIT',
    meaning: 'The Avro value of an event would become more values, or deeper ones, than a row may have.',
    remedy:
      'Let the mapper of the relay make smaller rows; if it does not make such ones, what stands between it and this client is not to be trusted.',
    canRetry: false,
  } as const
  constructor(record: string, fault: string) {
    super(PayloadLimitError.kind, `a value of ${record} is refused: it holds ${fault}`, { fields: { record } })
  }
}

export class PayloadUnencodableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SCHEMA_PAYLOAD_UNENCODABLE',
    meaning: 'A row object that a mapper returned does not fit the schema of its logical source.',
    remedy:
      'Return the fields of the schema, in its types: bigint or number for long, text for string, bytes for bytes.',
    canRetry: false,
  } as const
  constructor(record: string, fault: string, cause?: unknown) {
    super(PayloadUnencodableError.kind, `a row for ${record} can not be encoded: ${fault}`, {
      cause,
      fields: { record },
    })
  }
}

export class SchemaVersionTakenError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SCHEMA_VERSION_TAKEN',
    meaning:
      'A schema of another registry has a version that is another schema here: the two registries have not one history.',
    remedy:
      'Let this relay begin with an empty folder of schemas, and without hand-written ones of that source, so that it has those of the registry that it follows.',
    canRetry: false,
  } as const
  constructor(source: string, version: number, heldId: string, offeredId: string) {
    super(
      SchemaVersionTakenError.kind,
      `version ${version} of the schema of ${source} is ${heldId} here, and ${offeredId} where it is taken from`,
      { fields: { source, version, heldId, offeredId } },
    )
  }
}

export const schemaErrors: readonly AesopErrorClass[] = [
  SchemaInvalidError,
  SchemaRegistryUnreadableError,
  SchemaRegistryUnwritableError,
  SchemaVersionTakenError,
  PayloadCorruptError,
  PayloadLimitError,
  PayloadUnencodableError,
]
