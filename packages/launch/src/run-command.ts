import { resolve } from 'node:path'
import {
  type Application,
  type ContainerDefinition,
  createApplication,
  EXIT_CODES,
  formatError,
  formatProblem,
  openProcessLog,
  type Preparation,
  prepareLaunch,
  problemSummary,
  type ProcessLog,
  ProcessRunner,
  type ReportOptions,
  SecretMask,
} from '@aesop/runtime'
import { type CommonOptions } from './command-line.ts'

/** Launches a bootstrap descriptor, keeps it alive until its end, and returns the exit code. */
export async function run(
  path: string,
  options: CommonOptions,
  containers: readonly ContainerDefinition[],
): Promise<number> {
  const mask = new SecretMask()
  const report: ReportOptions = { mask, color: options.color, verbose: options.verbose }
  const say = (text: string): void => {
    process.stderr.write(`${mask.apply(text)}\n`)
  }
  const runner = new ProcessRunner({
    say,
    report: (error) => {
      say(formatError(error, report))
    },
  })
  const preparation = await prepareLaunch(resolve(path), { containers, set: options.set, mask, preload: true })
  printProblems(preparation, report)
  if (preparation.launch === undefined) return reportNothingStarted(preparation, say)
  if (runner.isStopRequested) return EXIT_CODES.stopped
  const log = await openProcessLog({
    level: options.logLevel,
    format: options.logFormat,
    color: options.color,
    mask,
    verbose: options.verbose,
  })
  const application = await createApplication(preparation, { ...options, loggerOf: log.loggerOf })
  const code = await runner.run(application, () => {
    announce(application, log, performance.now())
  })
  if (code === EXIT_CODES.startFailed) say('What had been started was stopped again.')
  else log.loggerOf('', '').info(`${application.plan.applicationName} stopped`, { exitCode: code })
  await log.flush()
  return code
}

function printProblems(preparation: Preparation, report: ReportOptions): void {
  for (const problem of preparation.problems) process.stderr.write(`${formatProblem(problem, report)}\n\n`)
}

function reportNothingStarted(preparation: Preparation, say: (text: string) => void): number {
  const { problems, fileCount } = preparation
  if (problems.some((problem) => problem.severity === 'error'))
    say(`${problemSummary(problems, fileCount)} Nothing was started.`)
  else say('error: this is not a bootstrap descriptor; aesop-launch check checks it')
  return EXIT_CODES.descriptors
}

/** @param tookMs since the process began */
function announce(application: Application, log: ProcessLog, tookMs: number): void {
  const { applicationName, nature, containers } = application.plan
  const slowest = [...application.timeline()]
    .sort((a, b) => b.tookMs - a.tookMs)
    .slice(0, 3)
    .map((entry) => `${entry.bean} ${Math.round(entry.tookMs)} ms`)
  const logger = log.loggerOf('', '')
  logger.info(`${applicationName} is ready`, {
    containers: containers.map((each) => each.name).join(','),
    nature,
    tookMs: Math.round(tookMs),
  })
  logger.debug('slowest beans', { slowest: slowest.join(', ') })
  for (const { name, paths } of containers)
    if (paths.length > 1) logger.info(`descriptors of ${name}: ${paths.join(', ')}`)
}
