/*
 * `npm run check`: format and lint in one lane, types and unit tests in the other; each lane keeps one core busy.
 * Prints what a step said when it failed, and how long each took.
 */
import { spawn } from 'node:child_process'

const LANES = [
  [
    ['prettier', '--check', '--log-level', 'warn', '.'],
    ['eslint', '.'],
  ],
  [
    ['tsc', '-b', 'tsconfig.build.json'],
    ['tsc', '-p', 'tsconfig.json'],
    ['vitest', 'run', '--project', 'unit'],
  ],
]

/** Runs one tool of node_modules; resolves with whether it succeeded. */
function run([tool, ...args]) {
  const began = performance.now()
  const child = spawn('npx', ['--no-install', tool, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = []
  child.stdout.on('data', (chunk) => output.push(chunk))
  child.stderr.on('data', (chunk) => output.push(chunk))
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

async function runLane(steps) {
  for (const step of steps) if (!(await run(step))) return false
  return true
}

const results = await Promise.all(LANES.map(runLane))
process.exitCode = results.every(Boolean) ? 0 : 1
