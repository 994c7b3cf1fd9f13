import { AesopError, type AesopErrorClass } from '@aesop/kernel'
import { snapshotErrors } from './snapshot-errors.ts'

export class SourceConfigInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SOURCE_CONFIG_INVALID',
    meaning: 'A property of a PhysicalSourceConfig or LogicalSourceConfig is missing or out of its range.',
    remedy: 'Correct the property that the message names.',
    canRetry: false,
  } as const
  constructor(where: string, property: string, value: unknown, expected: string) {
    super(
      SourceConfigInvalidError.kind,
      `${where}: ${property} is ${value === undefined ? 'missing' : JSON.stringify(value)}, expected ${expected}`,
      {
        fields: { property },
      },
    )
  }
}

export class SourceSettingTwiceError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SOURCE_SETTING_TWICE',
    meaning: 'The URI of a physical source and a property beside it give the same thing.',
    remedy:
      'Take one of the two away: user, password, port, serverId and ssl settings may be properties beside a uri that does not have them; host goes without a uri.',
    canRetry: false,
  } as const
  constructor(physicalSource: string, property: string) {
    super(
      SourceSettingTwiceError.kind,
      `physical source ${physicalSource}: ${property} is given twice, in the uri and as the property ${property}`,
      { fields: { physicalSource, property } },
    )
  }
}

export class SourceIdCollisionError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SOURCE_ID_COLLISION',
    meaning: 'Two logical sources of one physical source have the same id or the same name.',
    remedy: 'Give one of the two a name (or an id) of its own; ids that are left out are derived from the name.',
    canRetry: false,
  } as const
  constructor(physicalSource: string, property: 'id' | 'name', value: number | string, first: string, second: string) {
    super(
      SourceIdCollisionError.kind,
      `physical source ${physicalSource}: the sources ${first} and ${second} both have the ${property} ${value}`,
      { fields: { physicalSource, property, value } },
    )
  }
}

export class SchemaChangeIdTakenError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SOURCE_SCHEMA_CHANGE_ID_TAKEN',
    meaning: 'A table has the id that the source com.aesop.SchemaChange of its relay would have.',
    remedy: 'Set schemaChangeSourceId of the physical source to an id from 1 to 32767 that no table has.',
    canRetry: false,
  } as const
  constructor(physicalSource: string, id: number, source: string) {
    super(
      SchemaChangeIdTakenError.kind,
      `physical source ${physicalSource}: the source ${source} has the id ${id}, which is that of com.aesop.SchemaChange`,
      { fields: { physicalSource, id, source } },
    )
  }
}

export class MemoryUriInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_PRODUCER_MEMORY_URI_INVALID',
    meaning: 'A memory: URI has a parameter that is unknown or is no positive integer.',
    remedy:
      'Use memory:<name>?eventsPerSecond=…&eventsPerWindow=…&valueBytes=…&windows=…; every parameter may be left out.',
    canRetry: false,
  } as const
  constructor(uri: string, parameter: string, value: string) {
    super(
      MemoryUriInvalidError.kind,
      `the URI ${uri} has the parameter ${parameter}=${value}, expected a known name and a positive integer`,
    )
  }
}

export class ScnGeneratorInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SCN_GENERATOR_INVALID',
    meaning:
      'The scnGenerator of a registration makes something that is no SCN or SCN space, or SCNs that do not rise with those of the log.',
    remedy: 'Mend the class that scnGenerator names; nothing was passed over, and the source goes on where it was.',
    canRetry: false,
  } as const
  constructor(source: string, fault: string, expected: string) {
    super(ScnGeneratorInvalidError.kind, `the scnGenerator of ${source} ${fault}, expected ${expected}`, {
      fields: { source },
    })
  }
}

export class ScnGeneratorChangedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SCN_GENERATOR_CHANGED',
    meaning:
      'The scnGenerator of a registration makes another SCN of the stored place than it made before: those of readers would mean other places.',
    remedy:
      'Take the generator of before, with its properties. To change it for good, let its scnSpaceOf give another text, stop the relay, run `aesop-launch state reset <bootstrap.yaml> --source <name>`, and start it: clients of before are refused by name.',
    canRetry: false,
  } as const
  constructor(source: string, sourceScn: bigint, before: bigint, now: bigint) {
    super(
      ScnGeneratorChangedError.kind,
      `the scnGenerator of ${source} makes ${now} of the SCN ${sourceScn} of the log, expected ${before}, as it is stored`,
      { fields: { source, sourceScn, before, now } },
    )
  }
}

export class ScnGeneratorOneWayError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SCN_GENERATOR_ONE_WAY',
    meaning: 'The scnGenerator of a registration has no sourceScnOf: nobody can say where in the log an SCN is.',
    remedy: 'Give the class that scnGenerator names a method sourceScnOf.',
    canRetry: false,
  } as const
  constructor(source: string, scn: bigint) {
    super(
      ScnGeneratorOneWayError.kind,
      `the scnGenerator of ${source} has no sourceScnOf, which would tell the place of SCN ${scn} in the log`,
      { fields: { source, scn } },
    )
  }
}

export const producerErrors: readonly AesopErrorClass[] = [
  SourceConfigInvalidError,
  SourceSettingTwiceError,
  SourceIdCollisionError,
  SchemaChangeIdTakenError,
  MemoryUriInvalidError,
  ScnGeneratorInvalidError,
  ScnGeneratorChangedError,
  ScnGeneratorOneWayError,
  ...snapshotErrors,
]
