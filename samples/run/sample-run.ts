import { join } from 'node:path'
import { LaunchedProcess } from '../../test/support/launched-process.ts'
import { MariadbServer } from '../../test/support/mariadb-server.ts'
import { newFolder, removeFolder } from '../../test/support/test-folder.ts'

const DEADLINE_MS = 90_000

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Says what is done, and how long it took. */
export async function step<Value>(title: string, work: () => Promise<Value>): Promise<Value> {
  const began = performance.now()
  process.stdout.write(`${title} … `)
  const value = await work()
  say(`${((performance.now() - began) / 1000).toFixed(1)} s`)
  return value
}

/** What a sample has started: private servers, launches, and a folder for their state. */
export class SampleRun {
  readonly #folder = newFolder('sample')
  readonly #started: { stop(): Promise<unknown> }[] = []

  /** It is stopped at the end, before what was started earlier. */
  own<Part extends { stop(): Promise<unknown> }>(part: Part): Part {
    this.#started.push(part)
    return part
  }

  async startMariadb(lines: readonly string[] = []): Promise<MariadbServer> {
    const server = await MariadbServer.start({ lines })
    this.own({ stop: () => server.destroy() })
    return server
  }

  /**
   * A ready launch of a bootstrap descriptor.
   * @param name of the folder of its state: what is launched again under one name goes on where it was
   */
  async launch(descriptor: string, name: string, env: Readonly<Record<string, string>>): Promise<LaunchedProcess> {
    const launched = this.own(LaunchedProcess.start([descriptor, '--projects-root', this.rootOf(name)], env))
    await launched.untilReady(DEADLINE_MS)
    return launched
  }

  /** Runs a command of `aesop-launch`, and says what it prints. */
  async command(args: readonly string[]): Promise<void> {
    say(`     aesop-launch ${args.join(' ')}`)
    const command = this.own(LaunchedProcess.start(args))
    const code = await command.untilExit()
    if (code !== 0) throw new Error(`aesop-launch ${args.join(' ')} ended with ${String(code)}: ${command.errors}`)
    for (const line of command.output) say(`     ${line}`)
  }

  rootOf(name: string): string {
    return join(this.#folder, name)
  }

  async stop(): Promise<void> {
    for (const part of this.#started.reverse()) await part.stop()
    removeFolder(this.#folder)
  }
}

/** Runs a sample. Everything is stopped and removed at its end, also of one that failed. */
export async function runSample(story: (run: SampleRun) => Promise<void>, end: string): Promise<void> {
  const run = new SampleRun()
  try {
    await story(run)
    await step(end, () => run.stop())
  } catch (error) {
    say(`failed: ${error instanceof Error ? error.message : String(error)}`)
    await run.stop()
    process.exitCode = 1
  }
}
