import { formatJson } from '@aesop/kernel'
import { InvalidRequestError, parameters, type RequestParameters } from '@aesop/wire'

/** One page of statistics. Times are milliseconds since 1970. */
export interface StatsPage {
  readonly counts: { reset(nowMs: number): void; enable(enabled: boolean): void }
  toJson(nowMs: number): Readonly<Record<string, unknown>>
}

/** The commands that show statistics, `containerStats` and `relayStats`, and their pages by category. */
export class StatsDesk {
  readonly #pages: Readonly<Record<string, ReadonlyMap<string, StatsPage>>>

  constructor(pages: Readonly<Record<string, ReadonlyMap<string, StatsPage>>>) {
    this.#pages = pages
  }

  /**
   * The page; with PUT or POST it is changed after it was written, as in Databus: `enabled=true|false`, and `reset` with
   * any value or none.
   * @throws InvalidRequestError of a category that there is none
   */
  answer(method: string, category: string, request: RequestParameters): string {
    const page = this.#pages[request.command]?.get(category)
    if (page === undefined) throw new InvalidRequestError(`Invalid value for ${request.command}.category: ${category}`)
    const nowMs = Date.now()
    const body = formatJson(page.toJson(nowMs), request.text(parameters.pretty) === undefined ? undefined : 2)
    if (method === 'PUT' || method === 'POST') change(page, request, nowMs)
    return body
  }
}

function change({ counts }: StatsPage, request: RequestParameters, nowMs: number): void {
  if (request.text(parameters.enabled) !== undefined) counts.enable(request.flag(parameters.enabled))
  if (request.text(parameters.reset) !== undefined) counts.reset(nowMs)
}
