export { BootstrapConfig, type BootstrapConfigOptions, type ServerPropertyValues } from './bootstrap-config.ts'
export { BootstrapServer, type BootstrapServerOptions } from './bootstrap-server.ts'
export { type BootstrapServerBean } from './bootstrap-server-bean.ts'
export {
  DefaultBootstrapServerFactory,
  type DefaultBootstrapServerFactoryOptions,
} from './default-bootstrap-server-factory.ts'
export { BootstrapAddressMissingError, BootstrapListenError } from './errors.ts'
