import { readFileSync } from 'node:fs'
import { AesopError, type BackoffConfig, type Logger, silentLogger } from '@aesop/kernel'
import { type ReadingAttempt, RUNNER_STATES, type RunnerState, SourceRunner } from '@aesop/producer'
import { describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'

class PassingError extends AesopError {
  constructor(message: string) {
    super({ code: 'AESOP_TEST_PASSING', meaning: 'm', remedy: 'r', canRetry: true }, message)
  }
}
class LastingError extends AesopError {
  constructor(message: string) {
    super({ code: 'AESOP_TEST_LASTING', meaning: 'm', remedy: 'r', canRetry: false }, message)
  }
}

const QUICK: BackoffConfig = {
  initSleepMs: 1,
  sleepIncFactor: 1,
  sleepIncDeltaMs: 0,
  maxSleepMs: 30_000,
  maxRetryNum: 1,
}

/** An attempt that its test breaks. */
class Attempt implements ReadingAttempt {
  readonly ended: Promise<Error | undefined>
  held = false
  closed = 0
  end: (error: Error | undefined) => void = () => undefined

  constructor() {
    this.ended = new Promise((resolve) => (this.end = resolve))
  }
  pause(): void {
    this.held = true
  }
  resume(): void {
    this.held = false
  }
  close(): Promise<void> {
    this.closed++
    this.end(undefined)
    return Promise.resolve()
  }
}

/** A source whose attempts open as `faults` say, in turn: undefined opens. */
class Source {
  readonly attempts: Attempt[] = []
  readonly told: string[] = []
  readonly runner: SourceRunner
  faults: (Error | undefined)[] = []

  constructor(breaksMax?: (error: unknown) => number, log: Logger = silentLogger, backoff: BackoffConfig = QUICK) {
    this.runner = new SourceRunner({
      log,
      backoff,
      open: (take) => {
        const attempt = new Attempt()
        this.attempts.push(attempt)
        take(attempt)
        const fault = this.faults.shift()
        return fault === undefined ? Promise.resolve() : Promise.reject(fault)
      },
      release: () => {
        this.told.push('released')
        return Promise.resolve()
      },
      onFailed: ({ message }) => {
        this.told.push(`failed: ${message}`)
      },
      ...(breaksMax === undefined ? {} : { breaksMax }),
    })
  }

  get newest(): Attempt {
    const attempt = this.attempts.at(-1)
    if (attempt === undefined) throw new Error('no attempt was opened')
    return attempt
  }

  /** Breaks the attempt at hand and waits for the next one to deliver. */
  async breakWith(error: Error): Promise<void> {
    const { length } = this.attempts
    this.newest.end(error)
    await until('another attempt', () => this.attempts.length > length && this.runner.state !== 'waiting')
  }
}

describe('the states of a runner', () => {
  it('are those of SPEC.md', () => {
    const page = readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8')
    const lines = page.split('\n').filter((line) => line.startsWith('|'))
    const rows = lines.map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
    const events = (rows[0] ?? [])
      .slice(1)
      .map((name) => name.replace(/ (.)/, (_all, letter: string) => letter.toUpperCase()))
    const told = rows.slice(2).map(([state = '', ...cells]): [string, Record<string, string>] => {
      const moves = cells.map((cell, i): [string, string] => [events[i] ?? '', cell])
      return [state, Object.fromEntries(moves.filter(([, cell]) => cell !== ''))]
    })
    expect(Object.fromEntries(told)).toEqual(RUNNER_STATES)
  })
})

describe('first tries', () => {
  it('end at once where trying again can not help, and let go of connections', async () => {
    const source = new Source()
    source.faults = [new LastingError('no grant')]
    await expect(source.runner.start(60_000)).rejects.toThrow('no grant')
    expect(source.attempts).toHaveLength(1)
    expect(source.told).toEqual(['released'])
    expect(source.runner.health()).toEqual({ status: 'down', detail: 'no grant' })
  })

  it('go on while there is time, and not beyond', async () => {
    const source = new Source()
    source.faults = [new PassingError('one'), new PassingError('two')]
    await source.runner.start(60_000)
    expect(source.attempts).toHaveLength(3)
    expect(source.runner.health()).toEqual({ status: 'up' })
    await source.runner.stop(() => undefined)
    const late = new Source()
    late.faults = [new PassingError('one')]
    await expect(late.runner.start(0)).rejects.toThrow('one')
    expect(late.attempts).toHaveLength(1)
  })

  it('end with a stop, which waits for no back-off', async () => {
    const source = new Source(undefined, silentLogger, { ...QUICK, initSleepMs: 30_000 })
    source.faults = [new PassingError('one')]
    const started = expect(source.runner.start(60_000)).rejects.toThrow('one')
    await until('a wait', () => source.runner.state === 'waiting')
    await source.runner.stop(() => undefined)
    await started
    expect(source.attempts).toHaveLength(1)
  })
})

describe('a source that runs', () => {
  it('comes back after each break, and says meanwhile what it waits for', async () => {
    const warnings: string[] = []
    const source = new Source(undefined, { ...silentLogger, warn: (message) => warnings.push(message) })
    await source.runner.start(0)
    source.faults = [new PassingError('refused')]
    await source.breakWith(new PassingError('broken'))
    await until('a connection', () => source.runner.state === 'running')
    expect(warnings).toEqual(['broken', 'refused'].map((what) => `the source can not be read now: ${what}`))
    expect(source.runner.detail).toBeUndefined()
    expect(source.attempts[0]?.closed).toBe(1)
    expect(source.runner.metrics().map(({ value }) => value)).toEqual([0, 1])
    await source.runner.stop(() => undefined)
  })

  it.each<[string, Error, (() => number) | undefined]>([
    ['what can not be retried', new LastingError('reset'), undefined],
    ['what has no code', new TypeError('a fault of ours'), undefined],
    ['what broke too many attempts in a row', new PassingError('damaged'), () => 1],
  ])('is ended for good by %s', async (_what, error, breaksMax) => {
    const source = new Source(breaksMax)
    await source.runner.start(0)
    source.newest.end(error)
    await until('the end', () => source.told.length > 0)
    expect(source.told).toEqual([`failed: ${error.message}`])
    expect(source.runner.health()).toEqual({ status: 'down', detail: error.message })
    await source.runner.stop(() => undefined)
    expect(source.runner.state).toBe('failed')
    expect(source.attempts).toHaveLength(1)
  })

  it('counts breaks anew after an attempt that brought a window', async () => {
    const source = new Source(() => 2)
    await source.runner.start(0)
    for (let broken = 0; broken < 5; broken++) {
      source.runner.windows++
      await source.breakWith(new PassingError('damaged'))
    }
    expect(source.told).toEqual([])
    await source.breakWith(new PassingError('damaged'))
    source.newest.end(new PassingError('damaged'))
    await until('the end', () => source.told.length > 0)
    expect(source.told).toEqual(['failed: damaged'])
    await source.runner.stop(() => undefined)
  })

  it('that is held holds the attempts that follow', async () => {
    const source = new Source()
    await source.runner.start(0)
    const states: RunnerState[] = []
    const look = (): void => void states.push(source.runner.state)
    source.runner.pause()
    look()
    await source.breakWith(new PassingError('broken'))
    await until('a held attempt', () => source.runner.state === 'paused')
    expect(source.newest.held).toBe(true)
    source.runner.resume()
    look()
    expect(source.newest.held).toBe(false)
    await source.runner.stop(() => undefined)
    look()
    expect(states).toEqual(['paused', 'running', 'stopped'])
  })

  it('lets go of connections before it closes, and stores what is left when nothing more comes; twice is harmless', async () => {
    const source = new Source()
    await source.runner.start(0)
    const flush = (): void => void source.told.push(`flushed after ${source.newest.closed > 0 ? 'closing' : 'nothing'}`)
    await source.runner.stop(flush)
    expect(source.told).toEqual(['released', 'flushed after closing', 'released'])
    await source.runner.stop(() => undefined)
    expect(source.runner.state).toBe('stopped')
    // What fails while it stops is no failure.
    source.runner.fail(new LastingError('late'))
    expect(source.runner.state).toBe('stopped')
  })

  it('is degraded by what keeps changes from it, and shows a remark where there is no fault', async () => {
    const source = new Source()
    await source.runner.start(0)
    expect(source.runner.health('a table is not there', 'unproven')).toEqual({
      status: 'degraded',
      detail: 'a table is not there',
    })
    expect(source.runner.health(undefined, 'unproven')).toEqual({ status: 'up', detail: 'unproven' })
    await source.runner.stop(() => undefined)
  })
})
