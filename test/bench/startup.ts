import { type BenchGroup, type Figure } from './figure.ts'
import { LaunchedProcess } from '../support/launched-process.ts'

const DEADLINE_MS = 30_000

/** Cold processes of plain node on `dist`; `readyMs` is the launch of the top-level bootstrap.yaml. */
export const startup: BenchGroup = {
  prefix: 'startup',
  async measure(_wants, runs) {
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
  },
}
