import { cutText, SHOWN_BYTES_MAX, visibleText } from '@aesop/kernel'
import { type SecretMask } from './secret-mask.ts'

/** A field of a log line whose texts are cut, at whatever depth; anything else stays what it is. */
export function cutValue(value: unknown): unknown {
  if (typeof value === 'string') return cutText(value, SHOWN_BYTES_MAX)
  if (Array.isArray(value)) return value.map(cutValue)
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, cutValue(each)]))
}

/** A stack: what was thrown as one line, then one for each place; a message with line feeds adds no other. */
export function visibleStack({ name, message, stack = '' }: Error, mask: SecretMask): string {
  const places = stack.split('\n').filter((line) => line.startsWith('    at '))
  return [`${name}: ${message}`, ...places].map((line) => visibleText(mask.apply(line))).join('\n')
}
