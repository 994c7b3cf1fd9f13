import { formatJson } from '@aesop/kernel'
import { InvalidRequestError, parameters, type RequestParameters } from '@aesop/wire'

/** One page of statistics. Times are milliseconds since 1970. */
export interface StatsPage {
  readonly counts: { reset(nowMs: number): void; enable(enabled: boolean): void }
  toJson(nowMs: number): Readonly<Record<string, unknown>>
}

/** Finds the page of a category: counts, or what is no count, as data. Undefined: there is none. */
export type PageFinder = (category: string) => unknown

/** The commands that show statistics, and their pages by category. */
export class StatsDesk {
  readonly #pages: Readonly<Record<string, PageFinder>>

  constructor(pages: Readonly<Record<string, PageFinder>>) {
    this.#pages = pages
  }

  /**
   * The page; with PUT or POST it is changed after it was written, as in Databus: `enabled=true|false`, and `reset` with
   * any value or none.
   * @throws InvalidRequestError of a category that there is none
   */
  answer(method: string, category: string, request: RequestParameters): string {
    const page = this.#pages[request.command]?.(category)
    if (page === undefined) throw new InvalidRequestError(`Invalid value for ${request.command}.category: ${category}`)
    const nowMs = Date.now()
    const data = isCounted(page) ? page.toJson(nowMs) : page
    const body = formatJson(data, request.text(parameters.pretty) === undefined ? undefined : 2)
    if (isCounted(page) && (method === 'PUT' || method === 'POST')) change(page, request, nowMs)
    return body
  }
}

function isCounted(page: unknown): page is StatsPage {
  return typeof page === 'object' && page !== null && 'counts' in page && 'toJson' in page
}

function change({ counts }: StatsPage, request: RequestParameters, nowMs: number): void {
  if (request.text(parameters.enabled) !== undefined) counts.enable(request.flag(parameters.enabled))
  if (request.text(parameters.reset) !== undefined) counts.reset(nowMs)
}
