import { formatJson } from '@aesop/kernel'
import { resolve } from 'node:path'
import {
  ADMIN_PORT_DEFAULT,
  type AdminAddress,
  type Application,
  createApplication,
  EXIT_CODES,
  formatError,
  formatProblem,
  type Invocation,
  openProcessLog,
  type Preparation,
  prepareLaunch,
  problemSummary,
  type ProcessLog,
  ProcessRunner,
  type ReportOptions,
  SecretMask,
  serveAdmin,
  watchDescriptors,
} from '@aesop/runtime'
import { onlyOne } from './option-values.ts'
import { preparationOptions } from './preparation-options.ts'
import { RunDisplay } from './run-display.ts'

/** Launches a bootstrap descriptor, keeps it alive until its end, and returns the exit code. */
export async function run(invocation: Invocation): Promise<number> {
  const { options, takeOverSignals, containers } = invocation
  const path = onlyOne(invocation.args, 'run', 'a bootstrap descriptor')
  const mask = new SecretMask()
  const report: ReportOptions = { mask, color: options.color, verbose: options.verbose }
  const show = new RunDisplay(options)
  const say = (text: string): void => {
    show.write(`${mask.apply(text)}\n`)
  }
  const runner = new ProcessRunner({
    say,
    report: (error) => {
      say(formatError(error, report))
    },
    showProblems: (problems) => {
      printProblems(problems, report, say)
    },
  })
  const early = takeOverSignals?.()
  if (early !== undefined) {
    say(`${early}: stopped before anything was started`)
    return EXIT_CODES.stopped
  }
  const prepare = (preload: boolean): Promise<Preparation> =>
    prepareLaunch(resolve(path), { ...preparationOptions(options), containers, mask, preload })
  const preparation = await prepare(true)
  printProblems(preparation.problems, report, say)
  if (preparation.launch === undefined) return reportNothingStarted(preparation, say)
  const log = await openProcessLog({
    ...options,
    level: options.logLevel,
    format: options.logFormat,
    mask,
    write: show.write,
  })
  const prepareAgain = (): Promise<Preparation> => prepare(false)
  const application = await createApplication(preparation, {
    ...options,
    loggerOf: log.loggerOf,
    showProgress: show.progress,
    prepareAgain,
  })
  await openAdmin(application, invocation, log, mask)
  const code = await runner.run(application, () => {
    const reload = (): Promise<void> => runner.reload('--watch', { whole: true })
    if (options.watch) application.closeAtEnd(watchDescriptors(application, resolve(path), reload))
    announce(application, log, performance.now())
  })
  if (code === EXIT_CODES.startFailed) say('What had been started was stopped again.')
  else log.loggerOf('', '').info(`${application.plan.applicationName} stopped`, { exitCode: code })
  await log.flush()
  if (code === EXIT_CODES.stopped) showResult(application, options.json)
  return code
}

/** What a run has come to that ended by itself. */
function showResult({ result }: Application, asJson: boolean): void {
  if (result !== undefined) process.stdout.write(`${asJson ? formatJson(result.data) : result.text}\n`)
}

/** A server has an admin server unless told otherwise; a port that nobody asked for gives way when it is taken. */
async function openAdmin(
  application: Application,
  { options: { admin }, contributions }: Invocation,
  log: ProcessLog,
  mask: SecretMask,
): Promise<void> {
  const byNature: AdminAddress | 'off' =
    application.plan.nature === 'server' ? { host: '127.0.0.1', port: ADMIN_PORT_DEFAULT } : 'off'
  const address = admin ?? byNature
  if (address === 'off') return
  const { levels } = log
  const isPortFixed = admin !== undefined
  await serveAdmin(application, {
    ...address,
    isPortFixed,
    mask,
    levels,
    contributions,
    log: log.loggerOf('', 'admin'),
  })
}

function printProblems(problems: Preparation['problems'], report: ReportOptions, say: (text: string) => void): void {
  for (const problem of problems) say(`${formatProblem(problem, report)}\n`)
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
    ...(application.adminUrl === undefined ? {} : { admin: application.adminUrl }),
    tookMs: Math.round(tookMs),
  })
  logger.debug('slowest beans', { slowest: slowest.join(', ') })
  for (const { name, paths } of containers)
    if (paths.length > 1) logger.info(`descriptors of ${name}: ${paths.join(', ')}`)
}
