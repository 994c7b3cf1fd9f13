export { BootstrapServer, type BootstrapServerOptions } from './bootstrap-server.ts'
export { BootstrapAddressMissingError, BootstrapListenError } from './errors.ts'
