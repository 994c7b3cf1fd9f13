import { type EventEmitter } from 'node:events'
import { type Socket } from 'node:net'
import { type ServedSchemas } from './served-source.ts'

/**
 * Which connections are older than a schema. A client of Databus asks for schemas only on a new connection: of an older one it
 * can't know what came since.
 */
export class ConnectionSchemas {
  readonly #schemas: ServedSchemas
  readonly #opened = new WeakMap<Socket, number>()
  /** What holds for connections that were open before. */
  #watchedFrom: number | undefined

  constructor(schemas: ServedSchemas) {
    this.#schemas = schemas
  }

  /** From now on, of every connection of the server. @returns how to end it */
  watch(server: EventEmitter): () => void {
    this.#watchedFrom = this.#schemas.revision
    const opened = (socket: Socket): void => void this.#opened.set(socket, this.#schemas.revision)
    server.on('connection', opened)
    return () => void server.off('connection', opened)
  }

  /** Answers, each time it is asked, whether one of these sources has had a new schema since the connection was opened. */
  outdated(socket: Socket, sources: readonly string[]): () => boolean {
    const schemas = this.#schemas
    const opened = this.#opened.get(socket) ?? this.#watchedFrom ?? schemas.revision
    let looked = opened
    let found = false
    return () => {
      if (looked === schemas.revision) return found
      looked = schemas.revision
      found = sources.some((source) => schemas.revisionOf(source) > opened)
      return found
    }
  }
}
