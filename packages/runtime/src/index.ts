export type {
  BeanClass,
  ComponentCatalogue,
  ComponentDefinition,
  ConstantSet,
  ContainerDefinition,
  PropertySchema,
} from './component.ts'
export { suggestion } from './descriptor/suggestion.ts'
export {
  prepareLaunch,
  type Preparation,
  type PreparationOptions,
  type PreparedLaunch,
} from './descriptor/launch-preparation.ts'
export {
  formatError,
  formatProblem,
  type ProblemRecord,
  problemRecord,
  problemSummary,
  type ReportOptions,
} from './descriptor/problem-report.ts'
export * from './errors.ts'
export { createApplication, launch, type LaunchOptions, openProcessLog } from './launch.ts'
export type { Application, ApplicationOptions, EndReport } from './lifecycle/application.ts'
export type { ContainerState } from './lifecycle/component-container.ts'
export { EXIT_CODES, ProcessRunner, type RunnerOptions } from './lifecycle/process-runner.ts'
export type { LifeStep, TimelineEntry } from './lifecycle/timeline.ts'
export type { LogLevel, LogOptions, ProcessLog } from './log/winston-log.ts'
export { isSecretName, SecretMask } from './log/secret-mask.ts'
