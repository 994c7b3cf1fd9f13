/** Where a source begins of which nothing is stored, as every source knows it; a database may have places of its own. */
export type StartPlace =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'scn'; readonly scn: bigint }
  | { readonly kind: 'timestamp'; readonly ms: number }

/**
 * Reads `earliest`, `latest`, `scn:…` or `timestamp:…` (ISO 8601, or milliseconds since 1970). Undefined: its first word is
 * none of these.
 *
 * @param refuse throws the error of the source, with what is wrong
 */
export function parseStartPlace(text: string, refuse: (fault: string) => never): StartPlace | undefined {
  if (text === 'earliest' || text === 'latest') return { kind: text }
  const [, word, value = ''] = /^(scn|timestamp):(.*)$/s.exec(text) ?? []
  if (word === 'scn') return { kind: 'scn', scn: scnOf(value.trim(), refuse) }
  if (word === 'timestamp') return { kind: 'timestamp', ms: millisecondsOf(value.trim(), refuse) }
  return undefined
}

function scnOf(value: string, refuse: (fault: string) => never): bigint {
  if (!/^\d{1,19}$/.test(value)) refuse('an SCN is a whole number')
  return BigInt(value)
}

function millisecondsOf(value: string, refuse: (fault: string) => never): number {
  const ms = /^\d+$/.test(value) ? Number(value) : Date.parse(value)
  if (!Number.isFinite(ms)) refuse('a timestamp is ISO 8601, or milliseconds since 1970')
  return ms
}
