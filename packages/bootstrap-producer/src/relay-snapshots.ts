import { AesopError } from '@aesop/kernel'
import { type SnapshotChunk, type SnapshotReader, type SnapshotRequest, type SnapshotTable } from '@aesop/reading'
import { HttpSnapshots, type LocalConnection, LocalRelays, type RelayAddress } from '@aesop/wire'

/** What a relay itself says begins so; all else is of the way to it. */
const SAID_BY_RELAY = /^AESOP_WIRE_/

interface Reading {
  readonly snapshots: SnapshotReader
  close(): void
}

/** Rows of tables through the relays that are followed: the relay of this process where it is one, else over its port. */
export class RelaySnapshots implements SnapshotReader {
  readonly #relays: () => readonly RelayAddress[]
  readonly #locals: LocalRelays
  readonly #client: string
  #next = 0

  /** @param client the name that it has among the relay's clients */
  constructor(relays: () => readonly RelayAddress[], shared: Map<string, unknown>, client: string) {
    this.#relays = relays
    this.#locals = LocalRelays.of(shared)
    this.#client = client
  }

  describe(source: string): Promise<SnapshotTable> {
    return this.#ask((snapshots) => snapshots.describe(source))
  }

  readChunk(request: SnapshotRequest, signal: AbortSignal): Promise<SnapshotChunk> {
    return this.#ask((snapshots) => snapshots.readChunk(request, signal))
  }

  /** Where the way to a relay broke, the next question goes to the next one. */
  async #ask<Answer>(question: (snapshots: SnapshotReader) => Promise<Answer>): Promise<Answer> {
    const reading = this.#open()
    try {
      return await question(reading.snapshots)
    } catch (error) {
      if (!(error instanceof AesopError) || !SAID_BY_RELAY.test(error.code)) this.#next++
      throw error
    } finally {
      reading.close()
    }
  }

  #open(): Reading {
    const relays = this.#relays()
    const relay = relays[this.#next % relays.length] as RelayAddress
    const local: LocalConnection | undefined = this.#locals.at(relay.host, relay.port)?.connect(this.#client)
    if (local !== undefined)
      return {
        snapshots: local.snapshots,
        close: () => {
          local.close()
        },
      }
    const http = new HttpSnapshots(relay, this.#client)
    return {
      snapshots: http,
      close: () => {
        http.close()
      },
    }
  }
}
