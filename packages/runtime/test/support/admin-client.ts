/** A request to an admin server, and its answer. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly json: unknown
}

/** Asks the admin server of an application. */
export async function ask(
  { adminUrl }: { readonly adminUrl: string | undefined },
  path: string,
  init: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { method = 'GET', body, headers = {} } = init
  const content = body === undefined ? {} : { body: JSON.stringify(body) }
  const response = await fetch(`${adminUrl ?? ''}${path}`, { method, headers, ...content })
  const text = await response.text()
  return { status: response.status, text, json: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : null }
}
