import { messageOf } from '@aesop/kernel'
import { MysqlPlaceError } from '../error/place-errors.ts'
import { parseStartFrom, type StartPlace } from './start-from.ts'

/** A place as people write it; `at` is a file of the log with a position in it. */
export type PlaceText = StartPlace | { readonly kind: 'at'; readonly file: string; readonly position: number }

const AT = /^([\x21-\x7e]+\.\d+):(\d+)$/

/** Reads what `startFrom` takes, an SCN without a word before it, or `mysql-bin.000003:1234`. @throws MysqlPlaceError */
export function parsePlace(text: string): PlaceText {
  if (/^\d{1,19}$/.test(text)) return { kind: 'scn', scn: BigInt(text) }
  const [, file, position] = AT.exec(text) ?? []
  if (file !== undefined) return { kind: 'at', file, position: Number(position) }
  try {
    return parseStartFrom(text)
  } catch (error) {
    throw new MysqlPlaceError(text, messageOf(error).replace(/^.* can not be used: /, ''))
  }
}
