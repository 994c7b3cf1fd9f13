import { Checkpoint, type CheckpointStore, MemoryCheckpointStore } from '@aesop/checkpoint'
import {
  type ClientProperties,
  type EventConsumer,
  parseClientProperties,
  Registration,
  type RegistrationOptions,
  type RelayAddress,
} from '@aesop/client'
import { type LogKeys, type Logger } from '@aesop/kernel'
import { testLog } from '../../../../test/support/test-log.ts'
import { witness } from '../../../../test/support/witness.ts'
import { PERSON } from './person-stream.ts'

export interface HarnessOptions {
  readonly relays: readonly RelayAddress[]
  readonly consumer: EventConsumer
  readonly store?: CheckpointStore
  readonly since?: bigint
  readonly properties?: ClientProperties
  readonly followMs?: number
  readonly logicalSources?: readonly string[]
  readonly aheadPatienceMs?: number
  readonly eventBytesMax?: number
  readonly silenceMs?: number
  readonly acknowledge?: 'window' | 'consumer'
  readonly unsavedWindowsMax?: number
  readonly log?: Logger
  readonly logKeys?: LogKeys
  readonly onSourceQuarantined?: 'suspend' | 'continue'
  readonly startFrom?: RegistrationOptions['startFrom']
}

/** A registration as a client makes it, with short waits. */
export function registrationOf(options: HarnessOptions): Registration {
  const store = options.store ?? new MemoryCheckpointStore()
  if (options.since !== undefined) void store.save(Checkpoint.online(options.since))
  const registration = new Registration({
    id: 'people',
    logicalSources: options.logicalSources ?? [PERSON.name],
    consumer: options.consumer,
    relays: options.relays,
    store,
    settings: parseClientProperties({
      'databus.client.connectionDefaults.pullerRetries.initSleep': 5,
      'databus.client.connectionDefaults.pullerRetries.maxSleep': 50,
      'databus.client.connectionDefaults.dispatcherRetries.initSleep': 1,
      'databus.client.connectionDefaults.dispatcherRetries.maxSleep': 5,
      ...options.properties,
    }),
    followMs: options.followMs ?? 1000,
    eventBytesMax: options.eventBytesMax ?? 1 << 20,
    aheadPatienceMs: options.aheadPatienceMs ?? 100,
    ...(options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }),
    ...(options.unsavedWindowsMax === undefined ? {} : { unsavedWindowsMax: options.unsavedWindowsMax }),
    ...(options.acknowledge === undefined ? {} : { acknowledge: options.acknowledge }),
    filters: new Map(),
    ...(options.onSourceQuarantined === undefined ? {} : { onSourceQuarantined: options.onSourceQuarantined }),
    ...(options.startFrom === undefined ? {} : { startFrom: options.startFrom }),
    ...(options.logKeys === undefined ? {} : { logKeys: options.logKeys }),
    log: options.log ?? testLog('people'),
    random: () => 0,
  })
  witness('registration', () => ({ health: registration.health(), ...registration.describe() }))
  witness('consumer', () => options.consumer)
  return registration
}
