export { BootstrapProducer, type BootstrapProducerOptions } from './bootstrap-producer.ts'
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
export { type SeedingProgress } from './seeder.ts'
