export { DefaultRelayFactory, type DefaultRelayFactoryOptions, type ProducerFor } from './default-relay-factory.ts'
export {
  ProducerMissingError,
  relayErrors,
  RelayListenError,
  RelayPartitionsError,
  RelayPortInUseError,
  RelayPropertyInvalidError,
  RelayPropertyRefusedError,
  RelayPropertyUnknownError,
  RelayTokenMissingError,
  RelayTokenUnusableError,
} from './errors.ts'
export {
  InitBackedProducerRegistration,
  ProducerRegistration,
  type ProducerRegistrationOptions,
} from './producer-registration.ts'
export { Relay, type RelayOptions } from './relay.ts'
export { type SegmentStoreFor } from './physical-source.ts'
export { type RelayAccessOptions } from './relay-access.ts'
export { RelayConfig, type RelayConfigOptions, type RelayPropertyValues } from './relay-config.ts'
export { relayProperties, type RelayProperty, relayPropertySchemas } from './relay-properties.ts'
