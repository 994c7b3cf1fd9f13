import { assertNoLeak, type Marker } from './markers.ts'

/** A page that a server of the process has served. */
export interface SearchedPage {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Asks for a page that has no rows to show, and searches it for markers. */
export async function fetchSearched(
  url: string,
  init: RequestInit = {},
  ask: typeof fetch = fetch,
): Promise<SearchedPage> {
  const response = await ask(url, init)
  const { status, headers } = response
  const text = await response.text()
  searchPage(`${init.method ?? 'GET'} ${url}`, [...headers], text)
  return { status, headers, text }
}

/** Searches a page that was got in another way. */
export function searchPage(
  asked: string,
  headers: readonly (readonly [string, unknown])[],
  text: string,
  markers?: readonly Marker[],
): void {
  const lines = headers.map(([name, value]) => `${name}: ${String(value)}`)
  assertNoLeak(`the answer to ${asked}`, [...lines, text].join('\n'), markers)
}
