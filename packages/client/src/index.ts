export { Caller } from './caller.ts'
export { Client } from './client.ts'
export {
  BootstrapClientConfig,
  type BootstrapClientConfigOptions,
  ClientConfig,
  type ClientConfigOptions,
  ConsumerRegistration,
  type ConsumerRegistrationOptions,
  RelayClientConfig,
  type RelayClientConfigOptions,
} from './client-beans.ts'
export { DefaultClientFactory, type DefaultClientFactoryOptions } from './client-factory.ts'
export { knownClientProperties, type PropertyTreatment, treatmentOf } from './client-properties.ts'
export {
  type ClientProperties,
  type ClientSettings,
  type ConfiguredRelay,
  parseClientProperties,
} from './client-settings.ts'
export {
  type BootstrapStart,
  type ChangeEvent,
  type ChangeSchema,
  ConsumerCallbackResult,
  type ConsumerContext,
  type ConsumerFactory,
  type EventConsumer,
  type Result,
} from './consumer.ts'
export { Delivery } from './delivery.ts'
export { bootstrapCallbacks, type DeliveryCallbacks, onlineCallbacks } from './delivery-callbacks.ts'
export * as deliveryPolicy from './delivery-policy.ts'
export { Dispatcher, type DispatcherOptions, type GivenWindows } from './dispatcher.ts'
export {
  AcknowledgeMissingError,
  AcknowledgeRefusedError,
  type CallbackPlace,
  BootstrapRetriesExhaustedError,
  BootstrapServerMissingError,
  ClientFaultError,
  ClientNotRunningError,
  ClientPropertyInvalidError,
  ClientPropertyRefusedError,
  ClientPropertyUnknownError,
  ConsumerFailedError,
  ConsumerFatalError,
  ConsumerOverdueError,
  ConsumerRetriesExhaustedError,
  ConsumerTimeBudgetError,
  ConsumerUnfitError,
  EventOrderError,
  PullerRetriesExhaustedError,
  RegistrationInvalidError,
  RegistrationUnknownError,
  SchemaMissingError,
  SourceQuarantinedError,
  SourcesApartError,
  SourcesMissingError,
} from './errors.ts'
export { type AcknowledgePolicy, Registration, type RegistrationOptions } from './registration.ts'
export {
  type RelayAddress,
  RelayConnectionLostError,
  RelaySilentError,
  RelayTokenUnreadableError,
  RelayUnreachableError,
} from '@aesop/wire'
export { RowEvent } from './row-event.ts'
export { type EventSchema, SourceCatalogue, type SubscribedSource } from './source-catalogue.ts'
export { readSchemaChange, type SchemaChange, SchemaChangeDesk } from './schema-change.ts'
export { type MysqlChangeEvent, MysqlEventConsumer } from './mysql-consumer.ts'
export * as pullerMachine from './puller-state.ts'
export { type TableChangeEvent, TableEventConsumer } from './table-consumer.ts'
export { type ColumnFacts, type TableFacts } from '@aesop/schema'
export { type ChangeEventJson } from './event-json.ts'
export * as bootstrapMachine from './bootstrap/bootstrap-state.ts'
