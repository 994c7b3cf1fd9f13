import { beansPerSecond } from './beans.ts'
import { type BenchGroup, type Figure } from './figure.ts'
import { LaunchedProcess } from '../support/launched-process.ts'

const DEADLINE_MS = 30_000

/** Cold processes of plain node on `dist`; `readyMs` is the launch of the top-level bootstrap.yaml. */
async function coldProcesses(runs: number): Promise<Figure[]> {
  const readyMs: number[] = []
  const firstLineMs: number[] = []
  const checkMs: number[] = []
  for (let i = 0; i < runs; i++) {
    const launch = LaunchedProcess.start(['bootstrap.yaml', '--fresh'])
    readyMs.push(await launch.untilReady(DEADLINE_MS))
    await launch.untilOutput((lines) => lines.length > 0, DEADLINE_MS)
    firstLineMs.push(performance.now() - launch.startedAtMs)
    await launch.stop()
    const check = LaunchedProcess.start(['check', 'samples/seed/relay/resources/external/bootstrap.yaml'])
    await check.untilExit()
    checkMs.push(performance.now() - check.startedAtMs)
  }
  const figure = (name: string, values: number[]): Figure => ({ name: `startup.${name}`, unit: 'ms', runs: values })
  return [figure('readyMs', readyMs), figure('firstLineMs', firstLineMs), figure('checkMs', checkMs)]
}

/** In this process, once warmed up: linear growth shows as rates that are alike. */
async function beans(runs: number): Promise<Figure[]> {
  const figures: Figure[] = []
  await beansPerSecond(1000)
  for (const count of [1000, 20_000]) {
    const rates: number[] = []
    for (let i = 0; i < runs; i++) rates.push(await beansPerSecond(count))
    figures.push({ name: `startup.beansPerSecond.${count}`, unit: 'beans/s', runs: rates })
  }
  return figures
}

export const startup: BenchGroup = {
  prefix: 'startup',
  async measure(wants, runs) {
    const figures: Figure[] = []
    if (['readyMs', 'firstLineMs', 'checkMs'].some((name) => wants(`startup.${name}`)))
      figures.push(...(await coldProcesses(runs)))
    if (wants('startup.beansPerSecond.1000') || wants('startup.beansPerSecond.20000'))
      figures.push(...(await beans(runs)))
    return figures
  },
}
