import { type Meters } from './meters.ts'
import { type Tracer } from './tracer.ts'

/** Where a bean writes its log lines. Fields are structured facts; the runtime adds bean and container. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** A logger that drops every line: the default of classes that are used without the runtime. */
export const silentLogger: Logger = { debug: drop, info: drop, warn: drop, error: drop }

function drop(): void {
  // Nothing to do: this logger drops its lines.
}

/** What people should look at though the process goes on. */
export interface Alert {
  readonly type: 'alert'
  readonly severity: 'info' | 'warning' | 'error' | 'fatal'
  readonly message: string
}

/** What a process that ends by itself has come to. */
export interface RunResult {
  /** For people, on stdout. */
  readonly text: string
  /** The same as plain data, for `--json`. */
  readonly data: unknown
}

/** How far work is, in one line for people. */
export interface ProgressLine {
  readonly text: string
  /** It stands still, and the text says why. */
  readonly waits: boolean
}

/** The second constructor argument of every bean. */
export interface BeanContext {
  /** The bean's id in its descriptor, or a derived path for an inner bean. */
  readonly id: string
  /** The component container that the bean belongs to. */
  readonly container: string
  readonly log: Logger
  /** Left out: nobody shows what is counted, see `silentMeters`. */
  readonly meters?: Meters
  /** Left out: nobody listens, see `silentTracer`. */
  readonly tracer?: Tracer
  /** Aborts when the container begins to stop. */
  readonly signal: AbortSignal
  /** The folder that relative paths of descriptors count from. */
  readonly projectsRoot: string
  /** The folder of the application's state (`<projectsRoot>/.aesop` by default), which `--fresh` clears. */
  readonly stateDirectory: string
  /** How long a `stop` may take, in milliseconds; left out: as long as it takes. */
  readonly stopTimeoutMs?: number
  /** What kind of process it is; a bean of a test that was given no port takes any free one. Left out: a server. */
  readonly nature?: 'server' | 'standalone' | 'test'
  /** Objects that beans of one process offer each other across containers, by name (a relay offers its address). */
  readonly shared: Map<string, unknown>
  /** Tells those who listen in the process that somebody should look; left out: nobody listens. */
  publish?(alert: Alert): void
  /**
   * Shows who looks at the terminal how far work is that has an end; no lines: there is none any more. Left out: nobody looks, and
   * lines of the log tell it.
   */
  showProgress?(lines: readonly ProgressLine[]): void
  /** Ends the process in order when a bean can never work again: the runtime stops everything and exits with 1. */
  fail(error: Error): void
  /**
   * Ends the process in order because the bean has done what it was launched for: the runtime stops everything and exits with 0, once
   * all has been started. Left out: nobody ends.
   */
  finish?(result: RunResult): void
}

/** What a bean may do in its life; each is optional. Stop is the exact reverse of start. */
export interface Lifecycle {
  /** Called once after construction, before any bean starts. Throws to refuse the launch. */
  init?(): void | Promise<void>
  /**
   * Called after every bean of the container has been made, dependencies first. The signal aborts when the container begins
   * to stop, or when the time-out of the bean is over. Neither this nor `stop` is called where another bean leads this one,
   * as a relay leads its producers: the leader's schema says `x-leads`.
   */
  start?(signal?: AbortSignal): void | Promise<void>
  /** Called in the reverse order of start. The signal aborts when the time-out of the bean is over. Twice is harmless. */
  stop?(signal?: AbortSignal): void | Promise<void>
  /** Called in the reverse order of construction. */
  destroy?(): void | Promise<void>
  /** What it was launched for has an end and has not come to it: a process that a signal ends then exits with 128 + its number. */
  readonly isUnfinished?: boolean
}

export interface Health {
  readonly status: 'up' | 'degraded' | 'down'
  readonly detail?: string
}

/** One number that a bean shows; the runtime exposes it with the labels `container` and `bean`. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly value: number
  readonly labels?: Readonly<Record<string, string>>
}

/** How often values of which size came; exposed like a `Metric`. */
export interface HistogramMetric {
  readonly name: string
  readonly help: string
  readonly type: 'histogram'
  readonly value?: never
  /** How many values were `upTo` at most, those of the buckets before included; `upTo` ascends. */
  readonly buckets: readonly { readonly upTo: number; readonly count: number }[]
  /** Of all values. */
  readonly sum: number
  /** Of all values, those above the last bucket included. */
  readonly count: number
  readonly labels?: Readonly<Record<string, string>>
}

export type AnyMetric = Metric | HistogramMetric

/** How a bean shows itself and is acted upon; every member is optional and must be cheap. */
export interface Observable {
  health?(): Health
  metrics?(): readonly AnyMetric[]
  /** Plain data for people and pages; never secrets. */
  describe?(): unknown
  readonly actions?: Readonly<Record<string, (argument?: unknown) => unknown>>
}
