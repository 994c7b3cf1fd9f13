/** How much a logger says. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

export const LOG_LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug']

/** The name of the logger that all others inherit from. */
const ROOT_LOGGER = 'root'

/** One logger as the admin server shows it: `level` only where it was set, `effective` always. */
export interface LoggerState {
  readonly name: string
  readonly level?: LogLevel
  readonly effective: LogLevel
}

/** The name of a bean's logger: `relay.sampleRelay.producers[0]`; of a container's: `relay`. */
export function loggerName(container: string, bean: string): string {
  if (container === '') return bean === '' ? ROOT_LOGGER : bean
  return bean === '' ? container : `${container}.${bean}`
}

/** The levels of the loggers of a process; a logger without a level of its own has that of the nearest one above it. */
export class LogLevels {
  readonly #set = new Map<string, LogLevel>()
  readonly #known = new Set<string>([ROOT_LOGGER])
  readonly #ranks = new Map<string, number>()

  constructor(rootLevel: LogLevel) {
    this.#set.set(ROOT_LOGGER, rootLevel)
  }

  /** Makes a logger known, so that it is listed. */
  know(name: string): void {
    this.#known.add(name)
  }

  /** Sets the level of a logger and all below it; undefined takes the level away again (the root keeps its own). */
  set(name: string, level: LogLevel | undefined): void {
    if (level !== undefined) this.#set.set(name, level)
    else if (name !== ROOT_LOGGER) this.#set.delete(name)
    this.#ranks.clear()
  }

  isEnabled(name: string, level: LogLevel): boolean {
    let rank = this.#ranks.get(name)
    if (rank === undefined) {
      rank = LOG_LEVELS.indexOf(this.effective(name))
      this.#ranks.set(name, rank)
    }
    return LOG_LEVELS.indexOf(level) <= rank
  }

  effective(name: string): LogLevel {
    for (let at: string | undefined = name; at !== undefined; at = parentOf(at)) {
      const level = this.#set.get(at)
      if (level !== undefined) return level
    }
    return this.#set.get(ROOT_LOGGER) ?? 'info'
  }

  /** Whether a logger of this name, or one below it, is known or was given a level. */
  has(name: string): boolean {
    if (this.#set.has(name)) return true
    return [...this.#known].some((known) => known === name || parents(known).includes(name))
  }

  list(): readonly LoggerState[] {
    const names = new Set([...this.#known, ...this.#set.keys()])
    return [...names].sort().map((name) => {
      const level = this.#set.get(name)
      return { name, ...(level === undefined ? {} : { level }), effective: this.effective(name) }
    })
  }
}

/** `relay.a.b[0]` → `relay.a.b` → `relay.a` → `relay`. */
function parentOf(name: string): string | undefined {
  const end = Math.max(name.lastIndexOf('.'), name.lastIndexOf('['))
  return end <= 0 ? undefined : name.slice(0, end)
}

function parents(name: string): string[] {
  const above: string[] = []
  for (let at = parentOf(name); at !== undefined; at = parentOf(at)) above.push(at)
  return above
}
