export {
  BlockingBootstrapConfig,
  type BlockingBootstrapConfigOptions,
  BlockingRegistration,
  type BlockingRegistrationOptions,
} from './blocking-beans.ts'
export { BlockingBootstrapServer, type ProducerFor } from './blocking-bootstrap-server.ts'
export {
  BlockingBootstrapServerFactory,
  type BlockingBootstrapServerFactoryOptions,
} from './blocking-bootstrap-server-factory.ts'
