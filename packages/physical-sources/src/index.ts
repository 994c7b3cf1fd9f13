export { ofAll, producerOf, producerOfUri, producers } from './producers.ts'
export { sourceComponents } from './source-components.ts'
