import { type RequestBook } from '@aesop/stats'
import { type ClientBook } from './client-book.ts'
import { type ProcessStats } from './process-stats.ts'
import { type PageFinder, type StatsPage } from './stats-desk.ts'

export interface StatsSources {
  readonly requests: RequestBook
  readonly clients: ClientBook
  readonly process: ProcessStats
  /** Pages of `containerStats` that only the owner of the server knows, by category. */
  readonly ofOwner: (category: string) => StatsPage | readonly unknown[] | undefined
  readonly traffic: StatsPage
}

/** The pages of every command that shows statistics, by category: Databus' names; what it has besides stands in docs/wire-protocol.md. */
export function statsPages(of: StatsSources): Readonly<Record<string, PageFinder>> {
  return {
    containerStats: (category) =>
      of.ofOwner(category) ?? clientPage(of.clients, category) ?? containerPage(of, category),
    relayStats: (category) => requestPage(of.requests, category),
    javaStats: (category) => of.process.page(category),
  }
}

function clientPage(clients: ClientBook, category: string): unknown {
  if (category === 'outbound/clients') return clients.names
  const totals = clients.get(after('outbound/client/', category))?.totals
  return totals && { counts: totals.tally, toJson: (nowMs: number) => totals.toJson(nowMs) }
}

function containerPage({ requests, traffic }: StatsSources, category: string): unknown {
  if (category === 'outbound/total') return traffic
  if (category === 'container') return { errorRequestProcessingCount: requests.total.failures }
  return category === 'netty' ? {} : undefined
}

function requestPage(requests: RequestBook, category: string): unknown {
  const page = (totals: RequestBook['total'] | undefined): StatsPage | undefined =>
    totals && { counts: totals, toJson: (nowMs) => totals.toJson(nowMs) }
  if (category === 'outbound/http/total') return page(requests.total)
  if (category === 'outbound/http/sources') return requests.sourceIds
  if (category === 'outbound/http/clients') return requests.clients
  const id = after('outbound/http/source/', category)
  if (/^\d+$/.test(id)) return page(requests.source(Number(id)))
  return page(requests.client(after('outbound/http/client/', category)))
}

/** What follows the beginning; empty where the category does not begin so. */
function after(beginning: string, category: string): string {
  return category.startsWith(beginning) ? category.slice(beginning.length) : ''
}
