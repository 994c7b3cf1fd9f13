import { resolve } from 'node:path'
import { formatJson } from '@aesop/kernel'
import {
  EXIT_CODES,
  formatProblem,
  type Invocation,
  prepareLaunch,
  problemRecord,
  problemSummary,
} from '@aesop/runtime'
import { atLeastOne } from './option-values.ts'
import { preparationOptions } from './preparation-options.ts'

/** Checks descriptors, prints all problems and returns the exit code. Nothing is started. */
export async function check({ args, options, containers }: Invocation): Promise<number> {
  const paths = atLeastOne(args, 'check')
  const records: unknown[] = []
  let errorCount = 0
  for (const path of paths) {
    const prepared = await prepareLaunch(resolve(path), { ...preparationOptions(options), containers })
    const { problems, notes, fileCount, mask } = prepared
    const report = { mask, color: options.color, verbose: options.verbose }
    errorCount += problems.filter((problem) => problem.severity === 'error').length
    if (options.json) {
      records.push(...[...problems, ...notes].map((problem) => problemRecord(problem, report)))
      continue
    }
    const shown = options.quiet ? problems : [...problems, ...notes]
    for (const problem of shown) process.stderr.write(`${formatProblem(problem, report)}\n\n`)
    if (problems.length > 0) process.stderr.write(`${problemSummary(problems, fileCount)}\n`)
    else if (!options.quiet)
      process.stderr.write(`${path}: no errors in ${fileCount} file${fileCount === 1 ? '' : 's'}.\n`)
  }
  if (options.json) process.stdout.write(`${formatJson(records, 2)}\n`)
  return errorCount > 0 ? EXIT_CODES.descriptors : 0
}
