import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { headers, parameters, parseSchemas, paths } from '@aesop/wire'
import { eventLines } from './event-text.ts'

/*
 * Prints events as text: `npm run dump -- FILE` for the bytes of a segment or of a saved answer, `npm run dump -- URL` for a
 * `/stream` that ends. Rows are shown where their schema is known: from `/register` of the relay of the URL, or from the
 * `.avsc` files of `--schemas FOLDER`. A relay's token is taken from the environment, AESOP_RELAY_TOKEN.
 */
const USAGE = 'npm run dump -- [--schemas FOLDER] FILE|URL'

const { values, positionals } = parseArgs({ options: { schemas: { type: 'string' } }, allowPositionals: true })
const [from, ...more] = positionals
if (from === undefined || more.length > 0) throw new Error(`expected one file or URL: ${USAGE}`)
const isUrl = /^https?:\/\//.test(from)
const bytes = isUrl ? (await get(new URL(from))).body : readFileSync(from)
const known = [...(values.schemas === undefined ? [] : schemasOf(values.schemas)), ...(isUrl ? await served(from) : [])]
for (const line of eventLines(bytes, known)) process.stdout.write(`${line}\n`)

function schemasOf(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.avsc'))
  return names.map((name) => readFileSync(join(folder, name), 'utf8'))
}

/** The schemas of the sources that the URL asks for. */
async function served(stream: string): Promise<string[]> {
  const url = new URL(paths.register, stream)
  const sources = new URL(stream).searchParams.get(parameters.sources)
  if (sources !== null) url.searchParams.set(parameters.sources, sources)
  const { body } = await get(url)
  const asked = { protocolVersion: 3, compress: false } as const
  return (await parseSchemas(body.toString('utf8'), asked)).map(({ schema }) => schema)
}

async function get(url: URL): Promise<{ body: Buffer }> {
  const token = process.env['AESOP_RELAY_TOKEN']
  const answer = await fetch(url, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
  const body = Buffer.from(await answer.arrayBuffer())
  if (answer.ok) return { body }
  const cause = answer.headers.get(headers.errorMessage) ?? body.toString('utf8').slice(0, 500)
  throw new Error(`${url.origin}${url.pathname} answered ${answer.status}: ${cause}`)
}
