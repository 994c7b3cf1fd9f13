import { type AesopError } from '@aesop/kernel'
import { answerLimits, parseSchemas, parseSources, ResponseTooLargeError } from '@aesop/wire'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

const MB = 1 << 20
const compressed = (text: string | Buffer): string => gzipSync(text).toString('base64')
const PLAIN = { protocolVersion: 2, compress: false } as const
const COMPRESSED = { protocolVersion: 2, compress: true } as const

/** What a call throws, or its promise is broken with. */
async function faultOf(read: () => unknown): Promise<AesopError> {
  try {
    await read()
  } catch (error) {
    return error as AesopError
  }
  throw new Error('it was taken')
}

describe('an answer that is more than a relay makes', () => {
  const sources = (count: number): string => `[${Array.from({ length: count }, () => '{"id":1,"name":"a"}').join()}]`

  it.each([
    ['sources of 5 MiB', () => parseSources(`["${'x'.repeat(5 * MB)}"]`), '4194304 bytes'],
    ['sources, more than there are ids', () => parseSources(sources(40_000)), '32768 entries'],
    ['sources that are empty lists', () => parseSources(`[${'[],'.repeat(500_000)}[]]`), '32768 entries'],
    ['sources, deeper than any stack', () => parseSources('['.repeat(30_000)), '8 levels'],
    ['schemas of 17 MiB', () => parseSchemas(`["${'x'.repeat(17 * MB)}"]`, PLAIN), '16777216 bytes'],
    ['schemas that are many', () => parseSchemas(`[${'{},'.repeat(70_000)}{}]`, PLAIN), '65536 entries'],
    ['schemas, deeper than any stack', () => parseSchemas('['.repeat(60_000), PLAIN), '8 levels'],
    ['schemas, deeper once inflated', () => parseSchemas(compressed('{"a":'.repeat(60_000)), COMPRESSED), '8 levels'],
    [
      'kilobytes that inflate to 500 MiB',
      () => parseSchemas(compressed(Buffer.alloc(500 * MB, 32)), COMPRESSED),
      '16777216 bytes',
    ],
  ])('is refused by name, and not asked for again and again: %s', async (_what, read, bound) => {
    const fault = await faultOf(read)
    expect(fault).toBeInstanceOf(ResponseTooLargeError)
    expect(fault.message).toContain(`more than ${bound}`)
    expect(fault.canRetry).toBe(false)
  })

  it('is taken up to its bounds', async () => {
    expect(parseSources(sources(answerLimits.sources.entries - 1))).toHaveLength(32_767)
    const schemas = [{ id: 1, version: 1, schema: 'x'.repeat(15 * MB) }]
    expect(await parseSchemas(compressed(JSON.stringify(schemas)), COMPRESSED)).toEqual(schemas)
  })

  it('is inflated beside the event loop', async () => {
    let turns = 0
    const count = (): void => {
      turns++
      next = setImmediate(count)
    }
    let next = setImmediate(count)
    await parseSchemas(compressed(`[${' '.repeat(8 * MB)}]`), COMPRESSED)
    clearImmediate(next)
    expect(turns).toBeGreaterThan(0)
  })
})
