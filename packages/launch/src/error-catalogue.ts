import { type AesopErrorClass, type ErrorKind } from '@aesop/kernel'
import { launchErrors } from './errors.ts'

/** Packages whose errors a user may meet; each exports its list from `./errors`. */
const PACKAGES = [
  'event',
  'stats',
  'schema',
  'checkpoint',
  'buffer',
  'wire',
  'producer',
  'producer-mysql',
  'stream-server',
  'relay',
  'client',
  'container-client',
  'runtime',
] as const

/** Every kind of error of the platform, sorted by code. */
export async function errorCatalogue(): Promise<readonly ErrorKind[]> {
  const lists = await Promise.all(PACKAGES.map((name) => errorsOf(`@aesop/${name}/errors`)))
  const kinds = [...lists.flat(), ...launchErrors].map((each) => each.kind)
  return kinds.sort((a, b) => (a.code < b.code ? -1 : 1))
}

async function errorsOf(specifier: string): Promise<readonly AesopErrorClass[]> {
  const exports = (await import(specifier)) as Record<string, unknown>
  return Object.values(exports).filter(Array.isArray).flat().filter(isErrorClass)
}

function isErrorClass(value: unknown): value is AesopErrorClass {
  return typeof value === 'function' && 'kind' in value && typeof value.kind === 'object'
}
