import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type BinlogHandler } from '../../packages/producer-mysql/src/log/binlog-stream.ts'
import {
  LiveBinlogStream,
  type LiveBinlogStreamOptions,
} from '../../packages/producer-mysql/src/stream/live-binlog-stream.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { until } from '../support/until.ts'
import { SERVER_PASSWORD } from '../support/markers.ts'

const XID = 16
const WRITE_ROWS = 23

/** Notes what comes, and where the log is. */
class Recorder implements BinlogHandler {
  readonly rotations: string[] = []
  readonly commits: string[] = []
  rows = 0
  events = 0
  bytes = 0
  caughtUp = 0
  broken: Error[] = []
  /** Given for each event; a promise holds the stream. */
  hold: () => Promise<void> | undefined = () => undefined
  private file = ''

  onEvent(bytes: Buffer, offset: number, end: number): Promise<void> | undefined {
    this.events++
    this.bytes += end - offset
    const type = bytes[offset + 4]
    if (type === WRITE_ROWS) this.rows++
    if (type === XID) this.commits.push(`${this.file}:${String(bytes.readUInt32LE(offset + 13)).padStart(10, '0')}`)
    return this.hold()
  }

  onRotate(file: string): void {
    this.file = file
    if (this.rotations.at(-1) !== file) this.rotations.push(file)
  }

  onCaughtUp(): void {
    this.caughtUp++
  }

  readonly onBroken = (error: Error): void => {
    this.broken.push(error)
  }
}

const START = { file: 'mysql-bin.000001', position: 4 }
const codeOf = (error: unknown): unknown => (error as { code?: unknown } | undefined)?.code

describe('the live stream of a server', () => {
  let server: MariadbServer
  const open: { close(): Promise<void> }[] = []

  beforeAll(async () => {
    server = await MariadbServer.start({ lines: ['max-allowed-packet=64M'] })
    await server.query(
      'CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40))',
    )
  })
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close()
  })
  afterAll(async () => {
    await server.destroy()
  })

  function stream(more: Partial<LiveBinlogStreamOptions> = {}): LiveBinlogStream {
    const made = new LiveBinlogStream({
      host: '127.0.0.1',
      port: server.port,
      user: 'aesop',
      password: SERVER_PASSWORD,
      serverId: 4711,
      heartbeatMs: 200,
      ...more,
    })
    open.push(made)
    return made
  }

  async function insert(count: number): Promise<void> {
    const rows = Array.from({ length: count }, (_unused, i) => `('n${i}')`)
    await server.query(`INSERT INTO shop.item (name) VALUES ${rows.join(',')}`)
  }

  async function proxied(): Promise<FaultProxy> {
    const proxy = await FaultProxy.start(server.port)
    open.unshift(proxy)
    return proxy
  }

  it('delivers transactions in order, across a rotation, and says when it has caught up', async () => {
    const recorder = new Recorder()
    await stream().open(START, recorder, recorder.onBroken)
    for (let i = 0; i < 20; i++) {
      await insert(1)
      if (i === 10) await server.query('FLUSH BINARY LOGS')
    }
    await until('20 transactions', () => recorder.commits.length >= 20)
    expect(recorder.commits).toEqual([...recorder.commits].sort())
    expect(recorder.rotations.slice(0, 2)).toEqual(['mysql-bin.000001', 'mysql-bin.000002'])
    await until('heartbeats', () => recorder.caughtUp >= 2)
    expect(recorder.broken).toEqual([])
  })

  it('goes on exactly behind the position it is given', async () => {
    await server.query('FLUSH BINARY LOGS')
    const [end] = await server.query<{ File: string; Position: number }>('SHOW MASTER STATUS')
    const recorder = new Recorder()
    await stream().open({ file: end?.File ?? '', position: end?.Position ?? 0 }, recorder, recorder.onBroken)
    await insert(1)
    await until('the transaction', () => recorder.commits.length > 0)
    expect(recorder.commits).toHaveLength(1)
  })

  it('delivers whole an event that takes several packets', async () => {
    await server.query('CREATE TABLE shop.big (id INT PRIMARY KEY, text LONGTEXT)')
    const [end] = await server.query<{ File: string; Position: number }>('SHOW MASTER STATUS')
    const recorder = new Recorder()
    await stream({ heartbeatMs: 2000 }).open(
      { file: end?.File ?? '', position: end?.Position ?? 0 },
      recorder,
      recorder.onBroken,
    )
    await server.query("INSERT INTO shop.big VALUES (1, REPEAT('x', 20000000)), (2, REPEAT('y', 17000000))")
    await insert(1)
    await until('both transactions', () => recorder.commits.length === 2 || recorder.broken.length > 0)
    expect(recorder.broken).toEqual([])
    expect(recorder.bytes).toBeGreaterThan(37_000_000)
    await server.query('DROP TABLE shop.big')
  })

  it('holds the server back while a handler is busy, and loses nothing', async () => {
    const recorder = new Recorder()
    await insert(1)
    let busy = 0
    let most = 0
    recorder.hold = () => {
      if (recorder.events % 7 !== 0) return undefined
      most = Math.max(most, ++busy)
      return new Promise((resolve) =>
        setImmediate(() => {
          busy--
          resolve()
        }),
      )
    }
    const [before] = await server.query<{ File: string; Position: number }>('SHOW MASTER STATUS')
    await stream().open({ file: before?.File ?? '', position: before?.Position ?? 0 }, recorder, recorder.onBroken)
    const connection = await server.connect()
    for (let i = 0; i < 500; i++) await connection.query("INSERT INTO shop.item (name) VALUES ('x')")
    await connection.end()
    await until('500 transactions', () => recorder.commits.length >= 500)
    expect(most).toBe(1)
    expect(recorder.commits).toHaveLength(500)
    expect(recorder.commits).toEqual([...recorder.commits].sort())
  })

  it('delivers nothing while its owner has paused it', async () => {
    const recorder = new Recorder()
    const live = stream()
    const [end] = await server.query<{ File: string; Position: number }>('SHOW MASTER STATUS')
    await live.open({ file: end?.File ?? '', position: end?.Position ?? 0 }, recorder, recorder.onBroken)
    await until('a heartbeat', () => recorder.caughtUp > 0)
    live.pause()
    const seen = recorder.events
    await insert(3)
    const beats = Date.now() + 1000
    await until('more than the read deadline', () => Date.now() > beats)
    expect(recorder.events).toBe(seen)
    live.resume()
    await until('the transaction', () => recorder.commits.length === 1)
    expect(recorder.broken).toEqual([])
  })

  it('breaks once, by name, when the dump thread is killed', async () => {
    const recorder = new Recorder()
    await stream().open(START, recorder, recorder.onBroken)
    await until('a heartbeat', () => recorder.caughtUp > 0)
    expect(await server.killDumpThreads()).toBeGreaterThan(0)
    await until('the break', () => recorder.broken.length > 0)
    expect(recorder.broken.map(codeOf)).toEqual(['AESOP_MYSQL_CONNECTION_LOST'])
  })

  it('sees a half-open connection by the missing heartbeats', async () => {
    const proxy = await proxied()
    const recorder = new Recorder()
    await stream({ port: proxy.port }).open(START, recorder, recorder.onBroken)
    await until('a heartbeat', () => recorder.caughtUp > 0)
    const stalledMs = performance.now()
    proxy.stall()
    await until('the break', () => recorder.broken.length > 0)
    expect(recorder.broken.map(codeOf)).toEqual(['AESOP_MYSQL_SERVER_SILENT'])
    expect(performance.now() - stalledMs).toBeLessThan(1500)
  })

  it('breaks when the connection is cut', async () => {
    const proxy = await proxied()
    const recorder = new Recorder()
    await stream({ port: proxy.port }).open(START, recorder, recorder.onBroken)
    proxy.cut()
    await until('the break', () => recorder.broken.length > 0)
    expect(recorder.broken.map(codeOf)).toEqual(['AESOP_MYSQL_CONNECTION_LOST'])
  })

  it('gives up on a server that takes the connection and says nothing', async () => {
    const proxy = await proxied()
    proxy.stallNew()
    const recorder = new Recorder()
    const opening = stream({ port: proxy.port, connectTimeoutMs: 300 }).open(START, recorder, recorder.onBroken)
    await expect(opening).rejects.toMatchObject({ code: 'AESOP_MYSQL_SERVER_UNREACHABLE', canRetry: true })
  })

  it('says that a server is not there', async () => {
    const recorder = new Recorder()
    await expect(stream({ port: 1 }).open(START, recorder, recorder.onBroken)).rejects.toMatchObject({
      code: 'AESOP_MYSQL_SERVER_UNREACHABLE',
      canRetry: true,
    })
  })

  it('names a wrong password without showing it, and that trying again is of no use', async () => {
    const recorder = new Recorder()
    const opening = stream({ password: `${SERVER_PASSWORD}not` }).open(START, recorder, recorder.onBroken)
    await expect(opening).rejects.toMatchObject({ code: 'AESOP_MYSQL_ACCESS_DENIED', canRetry: false })
    await opening.catch((error: unknown) => {
      expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(`${SERVER_PASSWORD}not`)
    })
  })

  it('names a server id that a second reader has taken over', async () => {
    const first = new Recorder()
    const second = new Recorder()
    await stream().open(START, first, first.onBroken)
    await until('a heartbeat', () => first.caughtUp > 0)
    await stream().open(START, second, second.onBroken)
    await until('the first one to break', () => first.broken.length > 0)
    expect(second.broken).toEqual([])
    expect(codeOf(first.broken[0])).toBe('AESOP_MYSQL_SERVER_ID_IN_USE')
  })

  it('stops in the middle of a load without an event or an error afterwards', async () => {
    const values = Array.from({ length: 2000 }, () => "('a name of some length')").join(',')
    for (let i = 0; i < 20; i++) await server.query(`INSERT INTO shop.item (name) VALUES ${values}`)
    const recorder = new Recorder()
    const live = stream()
    await live.open(START, recorder, recorder.onBroken)
    await until('some rows', () => recorder.rows > 10)
    const closing = live.close()
    const seen = recorder.events
    await closing
    await live.close()
    expect(recorder.events).toBe(seen)
    expect(recorder.broken).toEqual([])
  })
})
