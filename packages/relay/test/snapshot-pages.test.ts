import { Secret } from '@aesop/kernel'
import { SnapshotBehindError, SnapshotRefusedError } from '@aesop/producer'
import { type SnapshotReader, type SnapshotRequest } from '@aesop/reading'
import { HttpSnapshots, LocalRelays } from '@aesop/wire'
import { describe, expect, onTestFinished, test } from 'vitest'
import { get, makeRelay, testContext } from './support/relay-fixture.ts'

const TOKEN = 'a-token-of-sixteen-characters'
const SCN = 4_294_967_400n
const bytes = Buffer.from('events of a chunk')

/** A relay whose producer has these rows, and what was asked of them. */
async function relayWith(answer: (request: SnapshotRequest) => Promise<object>, access: { token?: string } = {}) {
  const asked: SnapshotRequest[] = []
  const snapshotReader: SnapshotReader = {
    describe: (source) =>
      Promise.resolve({ source, key: ['a', 'b'], isKeyless: false, estimatedRows: 12, schema: '{"type":"record"}' }),
    readChunk: async (request) => {
      asked.push(request)
      return { bytes, rows: 2, atScn: SCN, visibleScn: SCN + 1n, ...(await answer(request)) }
    },
  }
  const context = testContext()
  const { relay, producer } = makeRelay({ access }, context)
  Object.defineProperty(producer, 'snapshotReader', { value: snapshotReader })
  relay.init()
  await relay.start()
  onTestFinished(() => relay.stop())
  const port = relay.address?.port ?? 0
  const snapshots = new HttpSnapshots(
    { host: '127.0.0.1', port, token: access.token === undefined ? undefined : Secret.from(access.token) },
    'test',
  )
  onTestFinished(() => {
    snapshots.close()
  })
  return { port, asked, snapshots, context }
}

const never = new AbortController().signal
const SOURCE = 'com.x.Person'

describe('rows of tables over the port of a relay', () => {
  test('are the chunk that its producer has read, with its place', async () => {
    const next = '{"key":[["number","2"],["text","c3a9"]]}'
    const { asked, snapshots, port, context } = await relayWith(() => Promise.resolve({ next }))
    const request = { source: SOURCE, maxRows: 1000, after: '{"key":[["text","00"]]}' }
    const chunk = await snapshots.readChunk(request, never)
    expect(chunk).toEqual({ bytes, rows: 2, atScn: SCN, visibleScn: SCN + 1n, next })
    expect(asked).toMatchObject([request])
    const table = { source: SOURCE, key: ['a', 'b'], isKeyless: false, estimatedRows: 12, schema: '{"type":"record"}' }
    await expect(snapshots.describe(SOURCE)).resolves.toEqual(table)
    const here = LocalRelays.of(context.shared).at('127.0.0.1', port)?.connect('here')
    await expect(here?.snapshots.readChunk(request, never)).resolves.toEqual(chunk)
    await expect(here?.snapshots.describe(SOURCE)).resolves.toEqual(table)
    here?.close()
  })

  test('that can not be read are refused with the code of the cause, and those for later may be asked again', async () => {
    let fault: Error = new SnapshotRefusedError(SOURCE, 'it is gone')
    const { snapshots, port, context } = await relayWith(() => Promise.reject(fault))
    const here = LocalRelays.of(context.shared).at('127.0.0.1', port)?.connect('here')
    const request = { source: SOURCE, maxRows: 1 }
    for (const reader of [snapshots, here?.snapshots]) {
      await expect(reader?.readChunk(request, never)).rejects.toMatchObject({
        code: 'AESOP_WIRE_SNAPSHOT_FAILED',
        canRetry: false,
        message: expect.stringMatching(
          /^AESOP_SNAPSHOT_REFUSED: no snapshot of the source com.x.Person: it is gone/,
        ) as string,
      })
    }
    fault = new SnapshotBehindError(SOURCE, 'log.1:9', 'log.1:4', 5)
    for (const reader of [snapshots, here?.snapshots]) {
      await expect(reader?.readChunk(request, never)).rejects.toMatchObject({
        code: 'AESOP_WIRE_SNAPSHOT_DELAYED',
        canRetry: true,
      })
    }
    await expect(snapshots.readChunk({ source: 'no.table', maxRows: 1 }, never)).rejects.toThrow(
      /no table of that name/,
    )
    here?.close()
  })

  test('are bounded, and a condition needs the token, also of a peer that needs none otherwise', async () => {
    const { port, asked } = await relayWith(() => Promise.resolve({}), { token: TOKEN })
    const bearer = { authorization: `Bearer ${TOKEN}` }
    for (const rows of ['0', '1000001', 'x', '']) {
      const { status, headers } = await get(port, `/snapshot?sources=${SOURCE}&rows=${rows}`, bearer)
      expect([status, headers['x-dbus-error-message']]).toMatchObject([500, expect.stringContaining('snapshot.rows')])
    }
    expect((await get(port, `/snapshot?sources=${SOURCE}&rows=1`)).status).toBe(401)
    expect((await get(port, `/snapshot?sources=${SOURCE}&rows=1&where=a%3D1`, bearer)).status).toBe(200)
    expect(asked).toMatchObject([{ where: 'a=1' }])
    const open = await relayWith(() => Promise.resolve({}))
    expect((await get(open.port, `/snapshot?sources=${SOURCE}&rows=1`)).status).toBe(200)
    expect((await get(open.port, `/snapshot?sources=${SOURCE}&rows=1&where=a%3D1`)).status).toBeGreaterThanOrEqual(401)
    expect(open.asked.map(({ where }) => where)).toEqual([undefined])
  })

  test('of a source that reads none are refused by name', async () => {
    const context = testContext()
    const { relay } = makeRelay({}, context)
    relay.init()
    await relay.start()
    onTestFinished(() => relay.stop())
    const { headers } = await get(relay.address?.port ?? 0, `/snapshot?sources=${SOURCE}&rows=1`)
    expect(headers['x-dbus-error-cause-message']).toMatch(/known by its changes alone/)
  })
})
