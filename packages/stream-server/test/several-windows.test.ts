import { Checkpoint } from '@aesop/checkpoint'
import { type StreamRequest } from '@aesop/wire'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { SeveralSourcesWindows } from '../src/several-windows.ts'
import { StreamSource } from '../src/stream-source.ts'
import { FarWindows, windowBytes } from './support/served-windows.ts'

const REQUEST: StreamRequest = {
  sources: [40],
  checkpoint: Checkpoint.flexible(),
  fromLatestScn: false,
  sizeBytes: 1 << 20,
  output: 'binary',
  eventVersionMax: 0,
  filters: new Map(),
  followMs: 1000,
}

function sourceOf(id: number, windows: FarWindows): StreamSource {
  const tables = [{ id: 40, name: 'shop.orders' }]
  return new StreamSource({
    name: `source ${id}`,
    id,
    uri: 'far:away',
    tables,
    served: tables,
    windows,
    schemas: { revision: 0, versions: () => [], revisionOf: () => 0 },
    scnSpace: undefined,
    held: () => ({ minScn: -1n, lastScn: -1n, oldestMs: undefined, newestMs: undefined }),
    findStart: () => Promise.resolve({ kind: 'found', scn: 0n }),
    mayStillCome: () => false,
  })
}

test('a window that comes to one source while another is asked wakes who waits after that', async () => {
  const [first, second] = [new FarWindows(), new FarWindows()]
  const sources = [sourceOf(1, first), sourceOf(2, second)]
  const parts = sources.map((source) => ({ source, ids: new Set([40]), checkpoint: REQUEST.checkpoint, label: '' }))
  const windows = new SeveralSourcesWindows(parts, REQUEST, undefined)
  await windows.begin()
  second.answersByItself = false
  const look = windows.next(1 << 20)
  // The first has said that it has nothing, and is not asked again in this look.
  await expect.poll(() => second.waiting.length).toBe(1)
  first.windows.push({ scn: 11n, bytes: windowBytes(11n, [1]) })
  sources[0]?.signal.windowClosed()
  await setImmediate()
  second.waiting[0]?.answer()
  expect((await look).kind).toBe('caughtUp')
  let isWoken = false
  windows.wait(() => (isWoken = true))
  expect(isWoken).toBe(true)
  expect(await windows.next(1 << 20)).toMatchObject({ kind: 'chunk', scn: 11n })
  windows.close()
})
