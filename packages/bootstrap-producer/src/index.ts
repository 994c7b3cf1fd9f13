export {
  BootstrapProducer,
  type BootstrapProducerOptions,
  type BootstrapProducerReport,
  type StoredSourceReport,
  type VerifyQuestion,
} from './bootstrap-producer.ts'
export {
  BootstrapProducerConfig,
  type BootstrapProducerConfigOptions,
  type BootstrapProperties,
} from './bootstrap-producer-config.ts'
export { BootstrapSourceConfig, type BootstrapSourceConfigOptions } from './bootstrap-source-config.ts'
export {
  DefaultBootstrapProducerFactory,
  type DefaultBootstrapProducerFactoryOptions,
} from './default-bootstrap-producer-factory.ts'
export { type BootstrapProducers } from './bootstrap-producers.ts'
export { type RetentionSettings } from './retention.ts'
export { type SeedingProgress } from './seeding-progress.ts'
export { type RowDifferenceKind, type TableReport } from './verify/table-report.ts'
