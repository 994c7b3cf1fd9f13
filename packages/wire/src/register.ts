import { systemCodeOf } from '@aesop/kernel'
import { promisify } from 'node:util'
import { gunzip, gzipSync } from 'node:zlib'
import { answerLimits, checkAnswer } from './answer-limits.ts'
import { ResponseTooLargeError } from './errors.ts'
import { parameters, protocolDefaults } from './paths.ts'
import { type RequestParameters } from './request-parameters.ts'
import { malformed, parseArray, parseBody } from './source-list.ts'

/** A request for schemas; it registers nothing. */
export interface RegisterRequest {
  /** Left out: all sources of the relay. */
  readonly sources?: readonly number[]
  readonly protocolVersion: 2 | 3 | 4
  /** Asks for the body as gzip in base64. */
  readonly compress: boolean
}

/** One version of the schema of one source. */
export interface SourceSchema {
  /** Id of the logical source. */
  readonly id: number
  readonly version: number
  /** The Avro schema as it was registered: its MD5 is what events carry. */
  readonly schema: string
}

const gunzipped = promisify(gunzip)
const PATH = '/register'
const PIECE_CHARS = 64 * 1024

/** @throws InvalidRequestError */
export function parseRegisterRequest(request: RequestParameters): RegisterRequest {
  const version = request.integer(parameters.protocolVersion, 2, 4) ?? protocolDefaults.registerProtocolVersion
  const ids = request.text(parameters.sources)
  return {
    ...(ids === undefined ? {} : { sources: parseSourceIds(request, ids) }),
    protocolVersion: version === 2 || version === 4 ? version : 3,
    compress: request.flag(parameters.compress),
  }
}

/** The numbers of a comma list in the parameter `sources`. @throws InvalidRequestError */
export function parseSourceIds(request: RequestParameters, list: string): number[] {
  return list.split(',').map((item) => {
    const text = item.trim()
    const id = /^\d+$/.test(text) ? Number(text) : NaN
    return id <= 0x7fff ? id : request.refuse(parameters.sources)
  })
}

/** Path and query of a register request. */
export function formatRegisterRequest(request: RegisterRequest): string {
  const query = new URLSearchParams({ protocolVersion: String(request.protocolVersion) })
  if (request.sources !== undefined) query.set(parameters.sources, request.sources.join(','))
  query.set(parameters.compress, String(request.compress))
  return `${PATH}?${query.toString()}`
}

/** The body of the answer, in the form of the request's protocol version. */
export function formatSchemas(schemas: readonly SourceSchema[], request: RegisterRequest): string {
  const text = [...schemaPieces(schemas, request)].join('')
  return request.compress ? gzipSync(text).toString('base64') : text
}

/** The same before it is compressed, in pieces of some 64 KiB: each takes a short time to make. */
export function* schemaPieces(schemas: readonly SourceSchema[], request: RegisterRequest): Generator<string> {
  const isV4 = request.protocolVersion === 4
  let text = isV4 ? '{"sourceSchemas":[' : '['
  for (const [i, { id, version, schema }] of schemas.entries()) {
    text += `${i === 0 ? '' : ','}${JSON.stringify({ id, version, schema })}`
    if (text.length < PIECE_CHARS) continue
    yield text
    text = ''
  }
  yield isV4 ? `${text}]}` : `${text}]`
}

/** Inflates beside the event loop. @throws ResponseMalformedError, ResponseTooLargeError */
export async function parseSchemas(body: string, request: RegisterRequest): Promise<SourceSchema[]> {
  const text = request.compress ? await inflate(body) : body
  checkAnswer(PATH, text, answerLimits.register)
  const items = request.protocolVersion === 4 ? sourceSchemasOf(text) : parseArray(text, PATH)
  return items.map((item) => {
    if (!isSchema(item)) throw malformed(PATH, 'objects with id, version and schema', JSON.stringify(item))
    return { id: item.id, version: item.version, schema: item.schema }
  })
}

async function inflate(body: string): Promise<string> {
  // A relay that does not know the parameter answers in plain text.
  if (/^\s*[[{]/.test(body)) return body
  const { bytes } = answerLimits.register
  try {
    return (await gunzipped(Buffer.from(body, 'base64'), { maxOutputLength: bytes })).toString('utf8')
  } catch (cause) {
    if (systemCodeOf(cause) === 'ERR_BUFFER_TOO_LARGE')
      throw ResponseTooLargeError.of(`the answer to ${PATH}, inflated,`, bytes, 'bytes')
    throw malformed(PATH, 'gzip in base64', body, cause)
  }
}

function sourceSchemasOf(text: string): unknown[] {
  const parsed = parseBody(text, PATH)
  if (
    typeof parsed === 'object' &&
    parsed !== null &&
    'sourceSchemas' in parsed &&
    Array.isArray(parsed.sourceSchemas)
  ) {
    return parsed.sourceSchemas
  }
  throw malformed(PATH, 'an object with sourceSchemas', text)
}

function isSchema(item: unknown): item is SourceSchema {
  if (typeof item !== 'object' || item === null) return false
  if (!('id' in item) || !('version' in item) || !('schema' in item)) return false
  return Number.isInteger(item.id) && Number.isInteger(item.version) && typeof item.schema === 'string'
}
