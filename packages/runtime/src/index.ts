export type { CommonOptions } from './common-options.ts'
export type {
  CommandAction,
  CommandDefinition,
  CommandOption,
  Contribution,
  Invocation,
  PageDefinition,
} from './contribution.ts'
export type {
  AesopModule,
  BeanClass,
  ComponentCatalogue,
  ComponentDefinition,
  ConstantSet,
  ContainerDefinition,
  ContainerOption,
  ModuleExtension,
  PropertySchema,
  RuntimeBeanContext,
} from './component.ts'
export {
  beanGraph,
  type BeanGraph,
  dotGraph,
  type GraphEdge,
  type GraphNode,
  mermaidGraph,
} from './descriptor/bean-graph.ts'
export { descriptorTree, type TreeOptions, type ValueRecord, valueRecords } from './descriptor/descriptor-tree.ts'
export { type Disclosure, type ShownScalar } from './descriptor/disclosure.ts'
export { bootstrapSchema, containerSchema } from './descriptor/editor-schema.ts'
export { suggestion } from './descriptor/suggestion.ts'
export {
  prepareLaunch,
  type Preparation,
  type PreparationOptions,
  type PreparedLaunch,
  type ReadDescriptor,
} from './descriptor/launch-preparation.ts'
export {
  formatError,
  formatProblem,
  type ProblemRecord,
  problemRecord,
  problemSummary,
  type ReportOptions,
} from './descriptor/problem-report.ts'
export type { SecretProvider, SecretProviders } from './descriptor/secret-provider.ts'
export { positionOf, type SourceRange } from './descriptor/source-file.ts'
export { type StandardSchema } from './descriptor/standard-schema.ts'
export { writeYaml, type YamlNode, type YamlScalar } from './descriptor/yaml-writer.ts'
export * from './errors.ts'
export {
  createApplication,
  type CreationOptions,
  launch,
  type LaunchOptions,
  openProcessLog,
  serveAdmin,
} from './launch.ts'
export { ADMIN_PORT_DEFAULT, type AdminAddress, hostAndPort, parseAdminAddress } from './admin/admin-address.ts'
export type { AdminAccess } from './admin/admin-access.ts'
export type { AdminOptions, AdminServer } from './admin/admin-server.ts'
export type { ContainerHealth, HealthReport } from './admin/health-report.ts'
export type { Application, ApplicationOptions, EndReport } from './lifecycle/application.ts'
export type { Overrides } from './lifecycle/bean-overrides.ts'
export type { ContainerState } from './lifecycle/component-container.ts'
export type { ReloadReport } from './lifecycle/container-operations.ts'
export type { ItemChange } from './lifecycle/item-reload.ts'
export { watchDescriptors } from './lifecycle/descriptor-watch.ts'
export type { ManagedContainer } from './lifecycle/managed-container.ts'
export type { PlatformEvent, PlatformEventListener } from './lifecycle/platform-events.ts'
export { EXIT_CODES, ProcessRunner, type RunnerOptions } from './lifecycle/process-runner.ts'
export type { LifeStep, TimelineEntry } from './lifecycle/timeline.ts'
export { LogLevels, type LoggerState, type LogLevel } from './log/log-levels.ts'
export type { LogOptions, ProcessLog } from './log/winston-log.ts'
export { StatusLine, type StatusTerminal } from './log/status-line.ts'
export { SecretMask } from './log/secret-mask.ts'
export { isSecretName } from './log/secret-name.ts'
export { stateHolder, StateLock } from './state/state-lock.ts'
export { type ComponentContainerOptions, RuntimeComponentContainer } from './runtime-component-container.ts'
