import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { assertNoLeak } from '../../../../test/support/markers.ts'
import { showText } from '../../../../test/support/test-log.ts'
import { testimony, witness } from '../../../../test/support/witness.ts'
import { newFolder, removeFolder } from '../../../../test/support/test-folder.ts'

const MAIN = resolve(import.meta.dirname, 'fixture-main.ts')

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const BOOTSTRAP = `beans:
  info: { class: BootstrapInfo, properties: { applicationName: test, componentContainers: [fixture] } }
`

/** A folder with a bootstrap descriptor and one Worker with these properties. */
export class LaunchFolder implements Disposable {
  readonly path = newFolder('launch')

  constructor(properties: string, bootstrap = BOOTSTRAP) {
    writeFileSync(join(this.path, 'bootstrap.yaml'), bootstrap)
    writeFileSync(
      join(this.path, 'fixture-config.yaml'),
      `beans:\n  worker:\n    class: Worker\n    properties: { ${properties} }\n`,
    )
  }

  [Symbol.dispose](): void {
    removeFolder(this.path)
  }
}

/** Of whoever runs the tests: no process is started with them. */
const COLOUR_WISHES: ReadonlySet<string> = new Set(['FORCE_COLOR', 'NO_COLOR'])

/** `aesop-launch` with the containers of the tests, as a process of its own, run from `src`; its output is searched for markers. */
export class Launched implements Disposable {
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly #watchers = new Set<() => void>()

  constructor(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}, script = MAIN) {
    const node = ['--conditions=source', '--import', import.meta.resolve('tsx'), script, ...args]
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !COLOUR_WISHES.has(name)))
    this.#child = spawn(process.execPath, node, {
      cwd,
      env: { ...inherited, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const name = `aesop-launch ${args.join(' ')}`
    witness(name, () => `stdout:\n${this.stdout}\nstderr:\n${this.stderr}`)
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      showText(name, text)
      this.#notify()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      showText(name, text)
      this.#notify()
    })
    this.ended = new Promise<Ended>((done) => {
      this.#child.once('close', (code) => {
        done({ code, stdout: this.stdout, stderr: this.stderr })
      })
    }).then((ended) => {
      assertNoLeak(`stdout of aesop-launch ${args.join(' ')}`, ended.stdout)
      assertNoLeak(`stderr of aesop-launch ${args.join(' ')}`, ended.stderr)
      return ended
    })
  }

  /** Nobody reads this output any more: what the process writes to it fails. */
  closeOutput(stream: 'stdout' | 'stderr'): void {
    this.#child[stream]?.destroy()
  }

  /** Resolves when stdout or stderr contains the text; fails when the process ends or 20 s pass before that. */
  async until(text: string): Promise<void> {
    const seen = new Promise<void>((done) => {
      const look = (): void => {
        if (`${this.stdout}${this.stderr}`.includes(text)) done()
      }
      this.#watchers.add(look)
      look()
    })
    const fail = (why: string): Promise<never> => Promise.reject(new Error(`${why} before "${text}"${testimony()}`))
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((done) => (timer = setTimeout(done, 20_000))).then(() => fail('20 s passed'))
    await Promise.race([
      seen,
      this.ended.then(() => (`${this.stdout}${this.stderr}`.includes(text) ? undefined : fail('it ended'))),
      late,
    ])
    clearTimeout(timer)
  }

  /** Writes to the standard input of the process. */
  write(text: string): void {
    this.#child.stdin?.write(text)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher()
  }
}
