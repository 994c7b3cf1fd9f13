import { expect, it } from 'vitest'
import { BinlogSession } from '../src/session/binlog-session.ts'
import { type BinlogStream } from '../src/log/binlog-stream.ts'
import { recordedEvents, RecordedOrigin } from './recorded-origin.ts'

/** A server that takes the connection and sends nothing. */
class MuteOrigin extends RecordedOrigin {
  override stream(): BinlogStream {
    return { ...super.stream(), open: () => Promise.resolve() }
  }
}

it('a session that is closed before its log has proven itself fails to open, and is over', async () => {
  const origin = new MuteOrigin(recordedEvents('shapes'))
  const from = await origin.locate()
  const handler = { onEvent: () => undefined, onRotate: () => undefined, resetTransaction: () => undefined }
  const session = new BinlogSession({ origin, from, handlerFor: () => handler, onProven: () => undefined })
  const opened = expect(session.open()).rejects.toMatchObject({ code: 'AESOP_MYSQL_CONNECTION_LOST', canRetry: true })
  await Promise.resolve()
  await session.close()
  await opened
  expect(await session.ended).toBeUndefined()
})
