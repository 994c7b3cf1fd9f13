import { readIfThere, writeFileAtomically } from '@aesop/kernel'
import { type SchemaSpan } from './schema-registry.ts'

/**
 * From which SCN on each version of a source held, beside its schemas:
 * `{"history":[{"sinceScn":"4294968001","version":1}, …]}`, ascending. SCNs are texts: they have 64 bits.
 */
export function readSchemaHistory(path: string): readonly SchemaSpan[] {
  const text = readIfThere(path)
  if (text === undefined) return []
  const { history } = JSON.parse(text) as { history: readonly unknown[] }
  return history.map(spanOf)
}

export function writeSchemaHistory(path: string, history: readonly SchemaSpan[]): void {
  const spans = history.map(({ sinceScn, version }) => ({ sinceScn: String(sinceScn), version }))
  writeFileAtomically(path, `${JSON.stringify({ history: spans })}\n`)
}

function spanOf(item: unknown, i: number): SchemaSpan {
  const { sinceScn, version } = item as { sinceScn?: unknown; version?: unknown }
  const isSpan = typeof sinceScn === 'string' && /^\d{1,19}$/.test(sinceScn) && Number.isSafeInteger(version)
  if (!isSpan) throw new TypeError(`history[${i}] is ${JSON.stringify(item)}, expected an SCN as text and a version`)
  return { sinceScn: BigInt(sinceScn), version: version as number }
}
