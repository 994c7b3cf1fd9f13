import { type SnapshotChunk, type SnapshotReader, type SnapshotRequest, type SnapshotTable } from '@aesop/reading'
import { answerLimits } from './answer-limits.ts'
import { ResponseMalformedError, ResponseTooLargeError } from './errors.ts'
import { type RelayAddress, RelayConnection } from './relay-connection.ts'
import {
  formatSnapshotRequest,
  formatSnapshotTableRequest,
  parseSnapshotHeaders,
  parseSnapshotTable,
} from './snapshot.ts'

/** A chunk waits for the stream of its source, and for a connection to its server. */
const SILENCE_MS_MAX = 120_000
const TABLE_MS_MAX = 60_000
/** A chunk has 32 MiB, and one row more. */
const CHUNK_BYTES_MAX = 1024 * 1024 * 1024

/** Rows of tables as a relay reads them, over its port. One request at a time: several readers are several of these. */
export class HttpSnapshots implements SnapshotReader {
  readonly #connection: RelayConnection

  /** @throws RelayTokenUnreadableError */
  constructor(relay: RelayAddress, clientService: string) {
    this.#connection = new RelayConnection(relay, clientService)
  }

  /** @throws SnapshotFailedError, SnapshotDelayedError, and what the network gives */
  async describe(source: string): Promise<SnapshotTable> {
    const { signal } = new AbortController()
    const path = formatSnapshotTableRequest(source)
    return parseSnapshotTable(await this.#connection.text(path, answerLimits.register.bytes, TABLE_MS_MAX, signal))
  }

  /** @throws SnapshotFailedError, SnapshotDelayedError, and what the network gives */
  async readChunk(request: SnapshotRequest, signal: AbortSignal): Promise<SnapshotChunk> {
    const response = await this.#connection.open(formatSnapshotRequest(request), SILENCE_MS_MAX, signal)
    const head = parseSnapshotHeaders(response.headers)
    const parts: Buffer[] = []
    let length = 0
    for await (const part of this.#connection.chunks(response, SILENCE_MS_MAX)) {
      length += part.length
      if (length > CHUNK_BYTES_MAX) throw ResponseTooLargeError.of('a chunk of a table', CHUNK_BYTES_MAX, 'bytes')
      parts.push(part)
    }
    const told = Number(response.headers['content-length'] ?? length)
    if (told !== length) throw new ResponseMalformedError(`a chunk of ${request.source} has ${length} bytes of ${told}`)
    return { ...head, bytes: Buffer.concat(parts, length) }
  }

  close(): void {
    this.#connection.close()
  }
}
