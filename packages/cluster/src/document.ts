import { messageOf, visibleText } from '@aesop/kernel'
import { DocumentFormatNewerError, DocumentMalformedError } from './errors.ts'

/** Of every document that is written; another one is refused. */
const FORMAT = 1

export type Fields = Readonly<Record<string, unknown>>

export function documentOf(fields: Fields): Buffer {
  return Buffer.from(JSON.stringify({ format: FORMAT, ...fields }))
}

/** @param where the node, for errors @throws DocumentFormatNewerError, DocumentMalformedError */
export function readDocument(bytes: Uint8Array, where: string): Fields {
  const fields = parsed(bytes, where)
  const { format } = fields
  if (typeof format !== 'number') throw DocumentMalformedError.of(where, 'it says no format')
  if (format > FORMAT) throw DocumentFormatNewerError.of(where, format, FORMAT)
  if (format !== FORMAT) throw DocumentMalformedError.of(where, `format ${format} was never written`)
  return fields
}

function parsed(bytes: Uint8Array, where: string): Fields {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  } catch (error) {
    throw DocumentMalformedError.of(where, visibleText(messageOf(error)))
  }
  throw DocumentMalformedError.of(where, 'it is no JSON object')
}

export function textIn(fields: Fields, name: string, where: string): string {
  const value = fields[name]
  if (typeof value !== 'string') throw DocumentMalformedError.of(where, `${name} is no text`)
  return value
}

export function flagIn(fields: Fields, name: string, where: string): boolean {
  const value = fields[name]
  if (typeof value !== 'boolean') throw DocumentMalformedError.of(where, `${name} is neither true nor false`)
  return value
}

/** A whole number that is not negative. */
export function countIn(fields: Fields, name: string, where: string): number {
  const value = fields[name]
  if (!isCount(value)) throw DocumentMalformedError.of(where, `${name} is no whole number from 0`)
  return value
}

export function listIn(fields: Fields, name: string, where: string): readonly unknown[] {
  const value = fields[name]
  if (!Array.isArray(value)) throw DocumentMalformedError.of(where, `${name} is no list`)
  return value
}

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
