import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LaunchedProcess } from '../../../../test/support/launched-process.ts'

/*
 * From the first user module in TypeScript on, every module that is imported passes through the thread of its loader, at about a
 * millisecond each. So a launch has loaded all of ours by then; what this holds is a count, because times vary.
 */
const ROOT = resolve(import.meta.dirname, '../../../..')
const DEADLINE_MS = 50_000
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-load-order-'))
  cpSync(join(ROOT, 'bootstrap.yaml'), join(folder, 'bootstrap.yaml'))
  cpSync(join(ROOT, 'samples/quickstart'), join(folder, 'samples/quickstart'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** An option for Node that writes the URL of each module into `path` when it is loaded. */
function traceInto(path: string): string {
  const hooks = `import { appendFileSync } from 'node:fs'
export async function load(url, context, next) { appendFileSync(${JSON.stringify(path)}, url + '\\n'); return next(url, context) }`
  writeFileSync(join(folder, 'hooks.mjs'), hooks)
  // The thread of a bootstrap store loads modules of its own, beside those of the launch.
  const hooksUrl = JSON.stringify(pathToFileURL(join(folder, 'hooks.mjs')).href)
  const register = `import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'
if (isMainThread) register(${hooksUrl})`
  writeFileSync(join(folder, 'trace.mjs'), register)
  return `--import=${pathToFileURL(join(folder, 'trace.mjs')).href}`
}

test('a launch has loaded the modules of its components, log and admin server before those of the user', async () => {
  const trace = join(folder, 'loaded')
  const launch = LaunchedProcess.start(['bootstrap.yaml', '--fresh', '--admin', '0'], {
    NODE_OPTIONS: traceInto(trace),
  })
  await launch.untilReady(DEADLINE_MS)
  await launch.stop()
  const loaded = readFileSync(trace, 'utf8').trim().split('\n')
  const isOurs = (url: string): boolean => /\/(packages|containers)\/[\w-]+\/dist\//.test(url)
  const consumer = loaded.findIndex((url) => url.includes('/samples/quickstart/consumer.ts'))
  expect(loaded.slice(0, consumer).filter(isOurs).length).toBeGreaterThan(200)
  expect(loaded.slice(consumer).filter(isOurs)).toEqual([])
})
