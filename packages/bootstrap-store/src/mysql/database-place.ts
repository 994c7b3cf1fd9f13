const PORT = 3306

/** Which database of which server a URI names, for people, without the account; undefined: it names none. */
export function databasePlaceOf(uri: unknown): string | undefined {
  if (typeof uri !== 'string' || !URL.canParse(uri)) return undefined
  const { hostname, port, pathname } = new URL(uri)
  const host = hostname === 'localhost' ? '127.0.0.1' : hostname.toLowerCase()
  return `the database ${pathname.slice(1)} of ${host}:${port === '' ? PORT : port}`
}
