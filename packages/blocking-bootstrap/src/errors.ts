import { AesopError, type AesopErrorClass, formatJson, messageOf } from '@aesop/kernel'

export class NotAgreedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BLOCKING_NOT_AGREED',
    meaning:
      'A consumer of a blocking bootstrap has agreed to no checkpoint for as much as may wait for it, or until the end: what it was given has to stay in memory until it does.',
    remedy:
      'Let onCheckpoint (or onBootstrapCheckpoint) agree, by returning nothing, more often, or raise executorQueueSize and queueBytes of bootstrapConfig.',
    canRetry: false,
  } as const
  constructor(name: string, sequences: number) {
    super(
      NotAgreedError.kind,
      `the consumer of ${name} has agreed to none of its last ${sequences} sequences, and nothing more can come before it does`,
      { fields: { consumer: name, sequences } },
    )
  }
}

export class NoRowsReaderError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BLOCKING_NO_ROWS_READER',
    meaning: 'A blocking bootstrap is to read the rows of tables, and its source reads none: it has its log alone.',
    remedy:
      'Give a mysql: source snapshotConnections of 1 and more. For the log alone, from startFrom or initVal on, set readRows: false in bootstrapConfig.',
    canRetry: false,
  } as const
  constructor(physicalSource: string) {
    super(NoRowsReaderError.kind, `the source "${physicalSource}" does not read rows of its tables`, {
      fields: { physicalSource },
    })
  }
}

export class ProgressAstrayError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BLOCKING_PROGRESS_ASTRAY',
    meaning:
      'What is stored of the rows of a blocking bootstrap does not fit to its source any more: the place in the log is gone, or SCNs count in another space. What was changed since can not be known.',
    remedy: 'Remove the file that the message names: all tables are read anew.',
    canRetry: false,
  } as const
  constructor(path: string, physicalSource: string, fault: string) {
    super(ProgressAstrayError.kind, `${path} can not be gone on with by "${physicalSource}": ${fault}`, {
      fields: { path, physicalSource },
    })
  }
}

export class ProgressUnreadableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BLOCKING_PROGRESS_UNREADABLE',
    meaning: 'The file that holds how far the tables of a blocking bootstrap are read can not be read.',
    remedy: 'Restore the file, or remove it: all tables are read anew.',
    canRetry: false,
  } as const
  constructor(path: string, cause: unknown) {
    super(ProgressUnreadableError.kind, `${path} can not be read: ${messageOf(cause)}`, { cause, fields: { path } })
  }
}

export class UntilInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BLOCKING_UNTIL_INVALID',
    meaning: 'The place up to which a blocking bootstrap is to run is none that its source knows.',
    remedy:
      'Give until of bootstrapConfig as now, as an SCN, or as a place of the source’s log, like mysql-bin.000003:1234.',
    canRetry: false,
  } as const
  constructor(until: string, physicalSource: string, fault: string) {
    super(UntilInvalidError.kind, `until is "${until}", which "${physicalSource}" does not know: ${fault}`, {
      fields: { until, physicalSource },
    })
  }
}

export class OneConsumerError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BLOCKING_ONE_CONSUMER',
    meaning:
      'A blocking bootstrap has several partitions or several sources, and one consumer object: its callbacks would overlap.',
    remedy:
      'Give a consumerFactory, which makes a consumer for each partition of each source, or numberOfPartitions: 1 and one source.',
    canRetry: false,
  } as const
  constructor(partitions: number, sources: number) {
    super(
      OneConsumerError.kind,
      `one consumer is given for ${partitions} ${partitions === 1 ? 'partition' : 'partitions'} of ${sources} ${sources === 1 ? 'source' : 'sources'}`,
      { fields: { partitions, sources } },
    )
  }
}

export class ConsumerMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BLOCKING_CONSUMER_MISSING',
    meaning: 'What is to be a consumer of a blocking bootstrap has no method onDataEvent, or there is none or two.',
    remedy: 'Give either consumer or consumerFactory; what it is or makes needs onDataEvent.',
    canRetry: false,
  } as const
  constructor(fault: string) {
    super(ConsumerMissingError.kind, `a blocking bootstrap ${fault}`)
  }
}

export class BlockingPropertyError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BLOCKING_PROPERTY_INVALID',
    meaning:
      'A key of databus.bootstrap.* has a value that it can not have, is not known, or asks for what there is not.',
    remedy: 'Correct or remove the key that the message names; docs/blocking-bootstrap.md lists all of them.',
    canRetry: false,
  } as const
  constructor(key: string, value: unknown, expected: string) {
    super(BlockingPropertyError.kind, `${key} is ${formatJson(value)}, expected ${expected}`, {
      fields: { key },
    })
  }
}

export class SourceTakenError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BLOCKING_SOURCE_TAKEN',
    meaning: 'Two sources of a process would keep how far their tables are read in one file.',
    remedy: 'Give each physical source a name of its own.',
    canRetry: false,
  } as const
  constructor(physicalSource: string, path: string) {
    super(SourceTakenError.kind, `"${physicalSource}" is bootstrapped twice: ${path} is another one’s`, {
      fields: { physicalSource, path },
    })
  }
}

export class ProducerUnknownError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BLOCKING_PRODUCER_UNKNOWN',
    meaning: 'Nobody here reads the scheme of the URI of a physical source.',
    remedy: 'Correct the scheme (mysql:, mariadb:, binlog:, memory:), or give the registration an eventProducer.',
    canRetry: false,
  } as const
  constructor(physicalSource: string, uri: string) {
    const scheme = uri.slice(0, uri.indexOf(':') + 1)
    super(ProducerUnknownError.kind, `nobody reads "${scheme}" of the physical source "${physicalSource}"`, {
      fields: { physicalSource },
    })
  }
}

export const blockingBootstrapErrors: readonly AesopErrorClass[] = [
  NotAgreedError,
  NoRowsReaderError,
  ProgressAstrayError,
  ProgressUnreadableError,
  UntilInvalidError,
  OneConsumerError,
  ConsumerMissingError,
  BlockingPropertyError,
  SourceTakenError,
  ProducerUnknownError,
]
