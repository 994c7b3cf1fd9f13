/*
 * `npm run check`: format, types and lint in one lane, unit tests in the other.
 * Prints what a step said when it failed, and how long each took. What is known to be well formed is not looked at again:
 * prettier goes by the contents of a file, the compiler by its own record, the linter by package (`lint-units.ts`). The unit
 * tests always run. `--anew` forgets all that.
 */
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { lintKeys, LintRecord } from './lint-units.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const ANEW = process.argv.includes('--anew')
const cached = ANEW ? [] : ['--cache', '--cache-strategy', 'content']
const lintRecord = new LintRecord(ROOT)
const keys = lintKeys(ROOT)
const stale = ANEW ? [...keys.keys()] : lintRecord.staleOf(keys)

const LANES: string[][][] = [
  [
    ['prettier', '--check', '--log-level', 'warn', ...cached, '.'],
    ['tsc', '-b', 'tsconfig.build.json', ...(ANEW ? ['--force'] : [])],
    ['tsc', '-p', 'tsconfig.json', ...(ANEW ? ['--incremental', 'false'] : [])],
    ...(stale.length === 0 ? [] : [['eslint', ...stale]]),
  ],
  // They run from `src`, and wait for no build. They take longer than the other lane, so no core is left to that alone.
  [['vitest', 'run', '--project', 'unit', '--maxWorkers=2']],
]

/** Runs one tool of node_modules; resolves with whether it succeeded. */
function run([tool = '', ...args]: readonly string[]): Promise<boolean> {
  const began = performance.now()
  const child = spawn('npx', ['--no-install', tool, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk))
  return new Promise((done) => {
    child.once('close', (code) => {
      const seconds = ((performance.now() - began) / 1000).toFixed(1)
      const text = Buffer.concat(output).toString()
      if (code !== 0) process.stdout.write(text)
      else if (tool === 'vitest') process.stdout.write(text.slice(text.lastIndexOf('Test Files') - 1))
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${tool} ${args.join(' ')} (${seconds} s)`)
      done(code === 0)
    })
  })
}

async function runLane(steps: readonly string[][]): Promise<boolean> {
  for (const step of steps) {
    if (!(await run(step))) return false
    // At once: the other lane may fail, and this finding stays true.
    if (step[0] === 'eslint') lintRecord.save(keys)
  }
  return true
}

const results = await Promise.all(LANES.map(runLane))
process.exitCode = results.every(Boolean) ? 0 : 1
