import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LaunchedProcess } from '../support/launched-process.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'

/*
 * What another user of the machine can do by way of files: leave code where this process looks for compiled modules, and read
 * or change what it keeps.
 */
const ROOT = resolve(import.meta.dirname, '../..')
const DEADLINE_MS = 60_000
const MARK = 'PLANTED CODE RAN'
const TSX_ESM = import.meta.resolve('tsx/esm/api')
const TSX_CJS = import.meta.resolve('tsx/cjs/api')
let folder = ''
let shared = ''

beforeEach(() => {
  folder = newFolder('private')
  shared = join(folder, 'tmp')
  mkdirSync(shared)
  cpSync(join(ROOT, 'bootstrap.yaml'), join(folder, 'bootstrap.yaml'))
  cpSync(join(ROOT, 'samples/quickstart'), join(folder, 'samples/quickstart'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
})
afterEach(() => {
  removeFolder(folder)
})

/** Compiles the consumer as tsx does by itself, with the shared folder for its cache, until that is written. @returns what it printed */
function compileWithCache(): string {
  const consumer = JSON.stringify(join(folder, 'samples/quickstart/consumer.ts'))
  const script = `import { register } from ${JSON.stringify(TSX_CJS)}
import { register as registerModules } from ${JSON.stringify(TSX_ESM)}
import { readdirSync, readFileSync } from 'node:fs'
register(); registerModules(); await import(${consumer})
const paths = () => readdirSync(${JSON.stringify(shared)}, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
const isWhole = (each) => { try { return JSON.parse(readFileSync(each.parentPath + '/' + each.name, 'utf8')) } catch { return false } }
while (paths().length === 0 || !paths().every(isWhole)) await new Promise((done) => setTimeout(done, 5))`
  const env = { ...process.env, TMPDIR: shared, TSX_DISABLE_CACHE: '' }
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { env, encoding: 'utf8' })
  return stderr
}

/** Puts code of another user before that of each compiled module. */
function plant(): void {
  for (const path of filesBelow(shared)) {
    const { code, ...rest } = JSON.parse(readFileSync(path, 'utf8')) as { code: string }
    writeFileSync(path, JSON.stringify({ ...rest, code: `console.error(${JSON.stringify(MARK)});${code}` }))
  }
}

function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
}

const LOADER = `import { register } from 'node:module'; register('data:text/javascript,')`
const OTHER_LOADER = `--import=data:text/javascript,${encodeURIComponent(LOADER)}`

describe('a compiled module that another user left in the shared temporary folder', () => {
  test.each([
    ['of CommonJS', 'commonjs', ''],
    ['of ECMAScript, behind another loader', 'module', OTHER_LOADER],
  ])('%s is not run', async (_title, type, options) => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }))
    compileWithCache()
    plant()
    expect(compileWithCache()).toContain(MARK)
    const before = filesBelow(shared)
    const env = { TMPDIR: shared, NODE_OPTIONS: options }
    const start = (...args: string[]): LaunchedProcess => LaunchedProcess.start(args, env, folder)
    const launch = start('bootstrap.yaml')
    const runs = [start('check', 'bootstrap.yaml'), start('print', 'bootstrap.yaml')]
    expect(await Promise.all(runs.map((run) => run.untilExit()))).toEqual([0, 0])
    await launch.untilOutput((lines) => lines.length > 0, DEADLINE_MS)
    await launch.stop()
    expect([...runs, launch].map(({ errors }) => errors).join('\n')).not.toContain(MARK)
    expect(filesBelow(shared)).toEqual(before)
  })
})

describe('the state', () => {
  test('is for the user of the process alone, whatever the umask', async () => {
    chmodSync(folder, 0o755)
    const launch = LaunchedProcess.start(['bootstrap.yaml'], {}, folder, ['sh', '-c', 'umask 0; exec "$@"', 'sh'])
    await launch.untilOutput((lines) => lines.length > 20, DEADLINE_MS)
    const state = join(folder, '.aesop')
    const modes = modesBelow(state)
    expect(asNobody('ls', state)).not.toBe(0)
    await launch.stop()
    chmodSync(state, 0o755)
    for (const { path, isFolder } of modesBelow(state).slice(1))
      expect(asNobody(isFolder ? 'ls' : 'cat', join(state, path))).not.toBe(0)
    chmodSync(state, 0o700)
    const kinds = [...modes, ...modesBelow(state)]
    expect(kinds.length).toBeGreaterThan(8)
    expect(kinds.filter(({ mode, isFolder }) => mode !== (isFolder ? 0o700 : 0o600))).toEqual([])
  })
})

/** Exit code of a command that another user runs; only root can try that, for whoever else the modes have to speak. */
function asNobody(command: string, ...args: string[]): number | null {
  if (process.getuid?.() !== 0) return -1
  expect(spawnSync('ls', [folder], { uid: 65534, gid: 65534 }).status).toBe(0)
  return spawnSync(command, args, { uid: 65534, gid: 65534 }).status
}

/** Folders and files; a socket is reached through its folder only. */
function modesBelow(root: string): { path: string; mode: number; isFolder: boolean }[] {
  const paths = [root, ...readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name))]
  return paths.flatMap((path) => {
    const stat = lstatSync(path)
    if (stat.isSocket()) return []
    return [{ path: relative(root, path), mode: stat.mode & 0o777, isFolder: stat.isDirectory() }]
  })
}
