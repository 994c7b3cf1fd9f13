import { headers, RelayBusyError, type RegisterRequest, schemaPieces, type SourceSchema } from '@aesop/wire'
import { once } from 'node:events'
import { type ServerResponse } from 'node:http'
import { createGzip } from 'node:zlib'
import { type PendingBytes } from './pending-bytes.ts'
import { type SharedWork } from './response-writer.ts'

/** Cut where base64 has no padding. */
const BASE64_BYTES = 48 * 1024
/** A reader that takes nothing for so long is cut. */
const WRITE_MS_MAX = 30_000

/** How many of these answers are made at a time: each has a compressor, of some 256 KiB. */
const ANSWERS_MAX = 256

/** Gives the answers to `/register`, so many at a time. */
export class SchemaAnswers {
  readonly #shared: SharedWork
  #running = 0

  constructor(shared: SharedWork) {
    this.#shared = shared
  }

  /** @throws RelayBusyError when there are too many, or no room for what is to wait */
  async send(response: ServerResponse, schemas: readonly SourceSchema[], request: RegisterRequest): Promise<void> {
    const { pending } = this.#shared
    if (pending.isFull) throw tooMuchWaits(pending)
    if (this.#running >= ANSWERS_MAX) throw RelayBusyError.of('answers to /register', ANSWERS_MAX, 'a relay')
    response.setHeader(headers.protocolVersion, request.protocolVersion)
    this.#running++
    try {
      await sendSchemas(response, schemas, request, this.#shared)
    } finally {
      this.#running--
    }
  }
}

/**
 * Writes the answer to `/register`. All schemas of a server may be tens of megabytes: they are made piece by piece.
 * @throws RelayBusyError when there is no room for what is to wait
 */
async function sendSchemas(
  response: ServerResponse,
  schemas: readonly SourceSchema[],
  request: RegisterRequest,
  shared: SharedWork,
): Promise<void> {
  const { gate } = shared
  let ready: string | undefined
  for await (const piece of request.compress ? compressed(schemas, request, shared) : schemaPieces(schemas, request)) {
    if (response.destroyed) return
    if (ready !== undefined) await write(response, ready, shared)
    ready = piece
    gate.spend(piece.length)
    if (!gate.isOpen) await gate.opens()
  }
  // Written before its end an answer comes in chunks, also one that is one piece: of one with a length Databus' Java client
  // takes the first 8 KiB as all.
  if (ready !== undefined) response.write(ready)
  response.end()
}

/** Gzip in base64. */
async function* compressed(
  schemas: readonly SourceSchema[],
  request: RegisterRequest,
  { gate, pending }: SharedWork,
): AsyncGenerator<string> {
  const gzip = createGzip()
  const packed = gzip.toArray() as Promise<Buffer[]>
  for (const piece of schemaPieces(schemas, request)) {
    if (!gzip.write(piece)) await once(gzip, 'drain')
    gate.spend(piece.length)
    if (!gate.isOpen) await gate.opens()
  }
  gzip.end()
  const bytes = Buffer.concat(await packed)
  if (pending.bytes + bytes.length > pending.max) throw tooMuchWaits(pending)
  pending.add(bytes.length)
  try {
    for (let at = 0; at < bytes.length; at += BASE64_BYTES) yield bytes.toString('base64', at, at + BASE64_BYTES)
  } finally {
    pending.remove(bytes.length)
  }
}

/** The error for an answer whose bytes would be too many. */
function tooMuchWaits({ max, setting }: PendingBytes): RelayBusyError {
  return RelayBusyError.of('bytes that wait for readers', max, setting)
}

async function write(response: ServerResponse, text: string, { pending }: SharedWork): Promise<void> {
  pending.add(text.length)
  const timer = setTimeout(() => response.destroy(), WRITE_MS_MAX)
  try {
    await new Promise<void>((resolve) => {
      response.once('close', resolve)
      response.write(text, () => {
        response.off('close', resolve)
        resolve()
      })
    })
  } finally {
    clearTimeout(timer)
    pending.remove(text.length)
  }
}
