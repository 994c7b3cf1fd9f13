export { BootstrapProducer, type BootstrapProducerOptions } from './bootstrap-producer.ts'
export { type SeedingProgress } from './seeder.ts'
