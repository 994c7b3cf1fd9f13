import { type AesopErrorClass, type ErrorKind } from '@aesop/kernel'
import { producers } from '@aesop/physical-sources'
import { launchErrors } from './errors.ts'

/** Packages whose errors a user may meet; each exports its list from `./errors`. Those of producers stand in their definitions. */
const PACKAGES = [
  'event',
  'stats',
  'schema',
  'checkpoint',
  'buffer',
  'segment-files',
  'wire',
  'producer',
  'stream-server',
  'bootstrap-store',
  'bootstrap-producer',
  'bootstrap-server',
  'relay',
  'client',
  'blocking-bootstrap',
  'zookeeper',
  'cluster',
  'container-client',
  'container-bootstrap-producer',
  'runtime',
] as const

/** Every kind of error of the platform, sorted by code. */
export async function errorCatalogue(): Promise<readonly ErrorKind[]> {
  const modules = [
    ...PACKAGES.map((name) => import(`@aesop/${name}/errors`) as Promise<object>),
    ...producers.map(async ({ loadErrors }) => (await loadErrors?.()) ?? {}),
  ]
  const lists = (await Promise.all(modules)).map(errorsIn)
  const kinds = [...lists.flat(), ...launchErrors].map((each) => each.kind)
  return kinds.sort((a, b) => (a.code < b.code ? -1 : 1))
}

function errorsIn(exports: object): readonly AesopErrorClass[] {
  return Object.values(exports).filter(Array.isArray).flat().filter(isErrorClass)
}

function isErrorClass(value: unknown): value is AesopErrorClass {
  return typeof value === 'function' && 'kind' in value && typeof value.kind === 'object'
}
