import { expect, it } from 'vitest'
import { type BinlogPosition, type BinlogStream } from '../src/log/binlog-stream.ts'
import { logFileWrittenAt } from '../src/server/log-file-time.ts'

const FORMAT_DESCRIPTION_EVENT = 15
const begunSeconds: Readonly<Record<string, number>> = { a: 10, b: 20, c: 20, d: 30 }

/** A log file that tells when it was begun, and nothing else. */
function streamAt({ file }: BinlogPosition): BinlogStream {
  const head = Buffer.alloc(19)
  head.writeUInt32LE(begunSeconds[file] ?? 0, 0)
  head[4] = FORMAT_DESCRIPTION_EVENT
  return {
    open: (_at, handler) => {
      void handler.onEvent(head, 0, head.length)
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  } as Partial<BinlogStream> as BinlogStream
}

it.each([
  [5_000, 'a'],
  [10_000, 'a'],
  [19_999, 'a'],
  // A log has whole seconds: changes of the one in which a file was begun may stand at the end of the one before.
  [20_000, 'a'],
  [20_999, 'a'],
  [21_000, 'c'],
  [30_500, 'c'],
  [31_000, 'd'],
])('what was written at %i ms or later is in no log before %s', async (ms, file) => {
  const logs = Object.keys(begunSeconds).map((name) => ({ name, bytes: 1000 }))
  expect(await logFileWrittenAt(logs, ms, streamAt)).toBe(file)
})
