import { type PerformanceEntry, PerformanceObserver, constants } from 'node:perf_hooks'
import { arch, availableParallelism, loadavg, platform, release } from 'node:os'
import { getHeapStatistics } from 'node:v8'

/** Databus' names of collections, by what Node calls them. */
const KINDS: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakCallbacks',
}

/** What a process has and does: the pages of `/javaStats`, with the keys of Java where there is the like. */
export class ProcessStats {
  readonly #collections = new Map<string, { count: number; ms: number }>()
  #observer: PerformanceObserver | undefined

  /** Counts collections of garbage from now on. */
  start(): void {
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#collected(entry)
    })
    observer.observe({ entryTypes: ['gc'] })
    this.#observer = observer
  }

  stop(): void {
    this.#observer?.disconnect()
    this.#observer = undefined
  }

  /** The page of a category; undefined: there is none. Bytes, and milliseconds. */
  page(category: string): unknown {
    switch (category) {
      case 'memory':
        return { heap: heap(), nonheap: nonheap() }
      case 'memory/heap':
        return heap()
      case 'memory/nonheap':
        return nonheap()
      case 'gc':
        return [...this.#collections].map(([name, { count, ms }]) => ({
          name,
          collectionCount: count,
          collectionTime: Math.round(ms),
        }))
      case 'os':
        return {
          name: platform(),
          version: release(),
          arch: arch(),
          availableProcessors: availableParallelism(),
          systemLoadAverage: loadavg()[0],
        }
      default:
        return undefined
    }
  }

  #collected({ detail, duration }: PerformanceEntry & { readonly detail?: unknown }): void {
    const kind = (detail as { readonly kind?: number } | undefined)?.kind ?? 0
    const name = KINDS[kind] ?? 'other'
    const { count, ms } = this.#collections.get(name) ?? { count: 0, ms: 0 }
    this.#collections.set(name, { count: count + 1, ms: ms + duration })
  }
}

function heap(): object {
  const { heapUsed, heapTotal } = process.memoryUsage()
  return { used: heapUsed, committed: heapTotal, max: getHeapStatistics().heap_size_limit }
}

/** Where the buffers of sources lie: `arrayBuffers` is a part of what is used. */
function nonheap(): object {
  const { external, arrayBuffers, rss, heapTotal } = process.memoryUsage()
  return { used: external, arrayBuffers, committed: Math.max(0, rss - heapTotal) }
}
