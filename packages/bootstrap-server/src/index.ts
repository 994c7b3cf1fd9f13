export { BootstrapServer, type BootstrapServerOptions } from './bootstrap-server.ts'
export { BootstrapListenError } from './errors.ts'
