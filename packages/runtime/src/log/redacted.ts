import { type SecretMask } from './secret-mask.ts'

const DEPTH_MAX = 100

/**
 * Data with every text in it masked, keys included, so that what is written of it stays well-formed. What says itself how
 * it is written (`toJSON`) is asked for that; what contains itself is left for the writer to refuse.
 */
export function redacted(data: unknown, mask: SecretMask, above: readonly object[] = []): unknown {
  if (typeof data === 'string') return mask.apply(data)
  if (typeof data !== 'object' || data === null || above.includes(data)) return data
  if (above.length > DEPTH_MAX) return '(nested too deep)'
  const inside = [...above, data]
  if ('toJSON' in data && typeof data.toJSON === 'function')
    return redacted(Reflect.apply(data.toJSON, data, ['']), mask, inside)
  if (Array.isArray(data)) return data.map((each) => redacted(each, mask, inside))
  if (ArrayBuffer.isView(data)) return data
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [mask.apply(key), redacted(value, mask, inside)]),
  )
}
