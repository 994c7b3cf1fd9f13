import { type RegisterRequest, schemaPieces, type SourceSchema } from '@aesop/wire'
import { once } from 'node:events'
import { type ServerResponse } from 'node:http'
import { createGzip } from 'node:zlib'
import { TurnBudget } from './turn-budget.ts'

/** Cut where base64 has no padding. */
const BASE64_BYTES = 48 * 1024
const TURN_BYTES = 256 * 1024

/** Writes the answer to `/register`. All schemas of a relay may be tens of megabytes: they are made piece by piece. */
export async function sendSchemas(
  response: ServerResponse,
  schemas: readonly SourceSchema[],
  request: RegisterRequest,
): Promise<void> {
  const budget = new TurnBudget(TURN_BYTES)
  let ready: string | undefined
  for await (const piece of request.compress ? compressed(schemas, request, budget) : schemaPieces(schemas, request)) {
    if (response.destroyed) return
    if (ready !== undefined) await write(response, ready)
    ready = piece
    await budget.spend(piece.length)
  }
  // The length of an answer that is one piece is told.
  response.end(ready)
}

/** Gzip in base64. */
async function* compressed(
  schemas: readonly SourceSchema[],
  request: RegisterRequest,
  budget: TurnBudget,
): AsyncGenerator<string> {
  const gzip = createGzip()
  const packed = gzip.toArray() as Promise<Buffer[]>
  for (const piece of schemaPieces(schemas, request)) {
    if (!gzip.write(piece)) await once(gzip, 'drain')
    await budget.spend(piece.length)
  }
  gzip.end()
  const bytes = Buffer.concat(await packed)
  for (let at = 0; at < bytes.length; at += BASE64_BYTES) yield bytes.toString('base64', at, at + BASE64_BYTES)
}

function write(response: ServerResponse, text: string): Promise<void> {
  return new Promise((resolve) => {
    response.write(text, () => {
      resolve()
    })
  })
}
