import { type ChildProcess, spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { assertNoLeak } from './markers.ts'
import { shownLevel, showText } from './test-log.ts'
import { lastLines, testimony, witness } from './witness.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const BIN = join(ROOT, 'packages/launch/bin/aesop-launch.js')
/** What the launch writes to stderr once every container runs. */
const READY = /\bready\b/
/** Without one of them stdout belongs to the consumers of the launch, and rows may be there. */
const COMMANDS = new Set(['check', 'print', 'graph', 'state', 'bootstrap', 'convert'])

/** The level of AESOP_TEST_LOG for what is launched, unless it has one. */
function levelOf(args: readonly string[]): string[] {
  const level = shownLevel()
  const isLaunch = !COMMANDS.has(args[0] ?? '') && args.some((arg) => arg.endsWith('.yaml'))
  return level === undefined || !isLaunch || args.includes('--log-level') ? [] : ['--log-level', level]
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * `aesop-launch` as a process of its own, run from `dist` as users run it. It is gone when this process ends. What it wrote is
 * searched for markers when it has ended: `stop` and `untilExit` reject when a secret is there, or a row where none belongs.
 */
export class LaunchedProcess {
  readonly child: ChildProcess
  readonly startedAtMs = performance.now()
  /** Whole lines of stdout so far: what consumers print. */
  readonly output: string[] = []
  /** Everything on stderr so far. */
  errors = ''
  exitCode: number | null | undefined
  #rest = ''
  readonly #args: readonly string[]
  readonly #exited: Promise<number | null>
  readonly #watchers = new Set<() => void>()

  private constructor(child: ChildProcess, args: readonly string[]) {
    this.child = child
    this.#args = args
    witness(this.#name, () => this.#said())
    running.add(child)
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#take(text)
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
      showText(this.#name, text)
      this.#notify()
    })
    this.#exited = new Promise<number | null>((done) => {
      child.once('close', (code) => {
        running.delete(child)
        this.exitCode = code
        this.#notify()
        done(code)
      })
    }).then((code) => {
      this.#search()
      return code
    })
  }

  /** @param through a command that becomes the one behind it by `exec`, so that the process id stays */
  static start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    cwd = ROOT,
    through: readonly string[] = [],
  ): LaunchedProcess {
    const [program = process.execPath, ...rest] = [...through, process.execPath, BIN, ...args]
    const child = spawn(program, [...rest, ...levelOf(args)], {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return new LaunchedProcess(child, args)
  }

  /** Resolves once the launch says that it is ready; gives the milliseconds since the start. */
  async untilReady(deadlineMs: number): Promise<number> {
    await this.until(() => READY.test(this.errors), deadlineMs, 'it said that it is ready')
    return performance.now() - this.startedAtMs
  }

  /** Resolves with the lines of stdout once they satisfy the condition. */
  async untilOutput(condition: (lines: readonly string[]) => boolean, deadlineMs: number): Promise<readonly string[]> {
    await this.until(() => condition(this.output), deadlineMs, 'its output was as expected')
    return this.output
  }

  /** Waits for a condition that is looked at whenever the process prints or ends. */
  async until(condition: () => boolean, deadlineMs: number, what: string): Promise<void> {
    await new Promise<void>((done, fail) => {
      const finish = (error?: Error): void => {
        clearTimeout(timer)
        this.#watchers.delete(look)
        if (error === undefined) done()
        else fail(error)
      }
      const look = (): void => {
        if (condition()) finish()
        else if (this.exitCode !== undefined)
          finish(this.#failure(`ended with ${String(this.exitCode)} before ${what}`))
      }
      const timer = setTimeout(() => {
        finish(this.#failure(`took longer than ${deadlineMs} ms until ${what}`))
      }, deadlineMs)
      this.#watchers.add(look)
      look()
    })
  }

  /** Sends the signal and resolves with the exit code (null when the signal ended it). */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.exitCode === undefined) this.child.kill(signal)
    return this.#exited
  }

  /** Resolves with the exit code when it ends by itself. */
  untilExit(): Promise<number | null> {
    return this.#exited
  }

  #search(): void {
    const isCommand = COMMANDS.has(this.#args[0] ?? '')
    assertNoLeak(`stderr of ${this.#name}`, this.errors)
    assertNoLeak(`stdout of ${this.#name}`, [...this.output, this.#rest].join('\n'), isCommand ? undefined : ['secret'])
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    this.output.push(...lines)
    showText(this.#name, lines.join('\n'))
    this.#notify()
  }

  get #name(): string {
    return `aesop-launch ${this.#args.join(' ')}`
  }

  /** The last lines of both. */
  #said(): string {
    const end = this.exitCode === undefined ? '' : `ended with ${String(this.exitCode)}\n`
    return `${end}stdout:\n${lastLines(this.output)}\nstderr:\n${lastLines(this.errors.trimEnd().split('\n'))}`
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }

  #failure(what: string): Error {
    return new Error(`${this.#name} ${what}${testimony()}`)
  }
}
