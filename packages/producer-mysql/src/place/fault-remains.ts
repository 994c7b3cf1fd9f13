import { type Quarantine } from '@aesop/checkpoint'
import { PartialJsonError, RowImageIncompleteError } from '../error/errors.ts'

/** Settings of a server that make a fault, by its code, and the value without which it comes again. */
const SETTINGS: ReadonlyMap<string, { readonly name: string; readonly needed: string }> = new Map([
  [RowImageIncompleteError.kind.code, { name: 'binlog_row_image', needed: 'FULL' }],
  [PartialJsonError.kind.code, { name: 'binlog_row_value_options', needed: '' }],
])

/**
 * Why the fault of an interval would come again, as the global settings of the server say.
 *
 * @param setting value of a setting; undefined: the server does not have it, or there is none that could be asked
 */
export async function faultRemains(
  { code }: Pick<Quarantine, 'code'>,
  setting: (name: string) => Promise<string | undefined> | undefined,
): Promise<string | undefined> {
  const cause = SETTINGS.get(code)
  if (cause === undefined) return undefined
  const { name, needed } = cause
  const found = await setting(name)
  if (found === undefined || found.toUpperCase() === needed) return undefined
  return `the server has ${name}=${found}, expected "${needed}": run SET GLOBAL ${name}='${needed}' and let its sessions reconnect`
}
