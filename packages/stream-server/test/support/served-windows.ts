import { type EventAppend, writeEndOfPeriod, writeEvent, sealEvent } from '@aesop/event'
import { HttpGuard, silentLogger } from '@aesop/kernel'
import { type ReadStep, type SeekStep, type WindowChunk, type WindowReader, type WindowSource } from '@aesop/reading'
import { type ServedSchemas, type ServedSource, StreamServer, type StreamServerOptions } from '@aesop/stream-server'
import { onTestFinished } from 'vitest'

const SETTINGS = { connections: 'connections', streams: 'streams', pendingBytes: 'pendingBytes' }
const PARTITION = 1

/** The bytes of a window of source 40 with these keys, as whoever stores windows would have them. */
export function windowBytes(scn: bigint, keys: readonly number[]): Buffer {
  const bytes = Buffer.alloc((keys.length + 1) * 100)
  let end = 0
  for (const key of keys) {
    const from = end
    const append: EventAppend = {
      opcode: 'UPSERT',
      key,
      sourceId: 40,
      schemaId: Buffer.alloc(16, 7),
      timestampNanos: 1_000_000_000n,
      logicalPartition: 0,
      maxValueBytes: 39,
    }
    end = writeEvent(bytes, from, append, PARTITION, 1, (target, offset) => {
      target.fill(1, offset, offset + 39)
      return offset + 39
    })
    sealEvent(bytes, from, Number(scn >> 32n), Number(BigInt.asIntN(32, scn)))
  }
  return bytes.subarray(0, writeEndOfPeriod(bytes, end, scn, PARTITION, 1, 1_000_000_000n))
}

/** Windows that lie far away: each answer is a promise, which the test keeps or breaks. */
export class FarWindows implements WindowSource {
  readonly windows: { scn: bigint; bytes: Buffer }[] = []
  readonly readers: FarReader[] = []
  /** Chunks that were given out and are not released. */
  held = 0
  /** Questions that wait for their answer. */
  readonly waiting: { answer(): void; fail(error: Error): void }[] = []
  /** Whether questions are answered as they come. */
  answersByItself = true

  openReader(): WindowReader {
    const reader = new FarReader(this)
    this.readers.push(reader)
    return reader
  }

  subscribe(): () => void {
    return () => undefined
  }

  ask<Answer>(answer: () => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const question = {
        answer: () => {
          resolve(answer())
        },
        fail: reject,
      }
      if (this.answersByItself) setImmediate(question.answer)
      else this.waiting.push(question)
    })
  }
}

class FarReader implements WindowReader {
  scn = -1n
  readonly atWindowEnd = true
  isClosed = false
  readonly #far: FarWindows

  constructor(far: FarWindows) {
    this.#far = far
  }

  seek(scn: bigint): Promise<SeekStep> {
    return this.#far.ask(() => {
      const first = this.#far.windows[0]
      if (first !== undefined && scn >= 0n && scn < first.scn - 1n) return { kind: 'gone', prevScn: first.scn - 1n }
      this.scn = scn
      return { kind: 'found' }
    })
  }

  seekLatest(): Promise<SeekStep> {
    return this.seek(-1n)
  }

  next(): Promise<ReadStep> {
    return this.#far.ask(() => this.#chunk() ?? { kind: 'caughtUp' })
  }

  close(): void {
    this.isClosed = true
  }

  #chunk(): WindowChunk | undefined {
    const next = this.#far.windows.find(({ scn }) => scn > this.scn)
    if (next === undefined) return undefined
    this.scn = next.scn
    this.#far.held++
    let isHeld = true
    return {
      kind: 'chunk',
      bytes: next.bytes,
      scn: next.scn,
      endsWindow: true,
      onOverrun: undefined,
      release: () => {
        if (isHeld) this.#far.held--
        isHeld = false
      },
    }
  }
}

export interface Schemas extends ServedSchemas {
  revision: number
}

/** A server of those windows on a free port, stopped at the end of the test. */
export async function serve(
  far: FarWindows,
  more: Partial<StreamServerOptions> = {},
): Promise<{ server: StreamServer; port: number; schemas: Schemas }> {
  const schemas: Schemas = { revision: 0, versions: () => [], revisionOf: () => schemas.revision }
  const source: ServedSource = {
    name: 'far',
    id: PARTITION,
    uri: 'far:away',
    tables: [{ id: 40, name: 'shop.orders' }],
    served: [{ id: 40, name: 'shop.orders' }],
    windows: far,
    schemas,
    scnSpace: undefined,
    held: () => ({ minScn: -1n, lastScn: -1n, oldestMs: undefined, newestMs: undefined }),
    findStart: () => Promise.resolve({ kind: 'found', scn: 0n }),
    mayStillCome: () => false,
  }
  const server = new StreamServer({
    host: '127.0.0.1',
    port: 0,
    healthPath: 'admin',
    readTimeoutMs: 0,
    limits: { connections: 10, streams: 10, pendingBytes: 1 << 20, descriptors: Infinity, settings: SETTINGS },
    guard: new HttpGuard(
      { host: '127.0.0.1', hosts: [], peers: [], token: undefined, isInsecure: false },
      silentLogger,
    ),
    sources: [source],
    containerStats: () => undefined,
    control: { sources: [], info: () => ({}), disconnectClients: () => undefined },
    configuration: () => ({}),
    log: silentLogger,
    status: () => ({ good: true, status: 'RUNNING', message: '' }),
    ...more,
  })
  const port = await server.listen()
  onTestFinished(() => server.close())
  return { server, port, schemas }
}
