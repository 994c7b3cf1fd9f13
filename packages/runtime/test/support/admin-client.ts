import { fetchSearched } from '../../../../test/support/searched-page.ts'

/** A request to an admin server, and its answer. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly json: unknown
}

/** Asks the admin server of an application, as it wants to be asked: what acts says that its body is JSON. Its answer is searched for markers. */
export async function ask(
  { adminUrl }: { readonly adminUrl: string | undefined },
  path: string,
  init: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { method = 'GET', body, headers = {} } = init
  const content = body === undefined ? {} : { body: JSON.stringify(body) }
  const asJson = method === 'GET' ? {} : { 'content-type': 'application/json' }
  const { status, text } = await fetchSearched(`${adminUrl ?? ''}${path}`, {
    method,
    headers: { ...asJson, ...headers },
    ...content,
  })
  return { status, text, json: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : null }
}
