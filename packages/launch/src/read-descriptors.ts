import { resolve } from 'node:path'
import { formatProblem, type Invocation, type Preparation, prepareLaunch, problemSummary } from '@aesop/runtime'
import { preparationOptions } from './preparation-options.ts'

/** Reads and checks descriptors for a command that shows them; problems go to stderr. */
export async function readDescriptors(
  paths: readonly string[],
  { options, containers }: Invocation,
): Promise<{ preparations: Preparation[]; hasErrors: boolean }> {
  const preparations: Preparation[] = []
  for (const path of paths) {
    const prepared = await prepareLaunch(resolve(path), { ...preparationOptions(options), containers })
    preparations.push(prepared)
    const { problems, fileCount, mask } = prepared
    const report = { mask, color: options.color, verbose: options.verbose }
    for (const problem of problems) process.stderr.write(`${formatProblem(problem, report)}\n\n`)
    if (problems.length > 0) process.stderr.write(`${problemSummary(problems, fileCount)}\n`)
  }
  const all = preparations.flatMap(({ problems }) => problems)
  return { preparations, hasErrors: all.some(({ severity }) => severity === 'error') }
}
