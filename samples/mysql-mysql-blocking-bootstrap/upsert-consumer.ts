import type { ChangeEvent, ConsumerContext, ConsumerFactory, EventConsumer, SchemaChange } from '@aesop/client'
import { createPool, type Pool } from 'mysql2/promise'

interface Target {
  readonly port: number
  readonly password: string
}

/** Rows of one statement at most. */
const BATCH_ROWS = 500

/** Makes a consumer with a connection of its own for each partition. */
export class UpsertConsumerFactory implements ConsumerFactory {
  readonly #target: Target

  constructor(target: Target) {
    this.#target = target
  }

  createConsumer({ partition }: ConsumerContext): EventConsumer {
    const { port, password } = this.#target
    const pool = createPool({ host: '127.0.0.1', port, user: 'or_copy', password, connectionLimit: 1 })
    return new UpsertConsumer(pool, partition?.id === 0)
  }
}

/**
 * Writes people into a table of another server. The newest change of each person of a sequence is written at its end: what comes again
 * after a crash writes the same once more.
 */
class UpsertConsumer implements EventConsumer {
  readonly #pool: Pool
  readonly #isFirst: boolean
  readonly #changes = new Map<bigint, readonly unknown[] | undefined>()

  constructor(pool: Pool, isFirst: boolean) {
    this.#pool = pool
    this.#isFirst = isFirst
  }

  onDataEvent({ key, opcode, row }: ChangeEvent): Promise<void> | undefined {
    const values = [row['id'], row['first_name'], row['last_name'], row['balance']]
    this.#changes.set(BigInt(key), opcode === 'DELETE' ? undefined : values)
    return this.#changes.size < BATCH_ROWS ? undefined : this.#flush()
  }

  /** Of rows and of windows: without `onEndBootstrapSequence` this one is called for both. */
  onEndDataEventSequence(): Promise<void> {
    return this.#flush()
  }

  /** Told to all partitions at a time, when everything before it is written: one of them does it. */
  async onSchemaChange({ kind }: SchemaChange): Promise<void> {
    if (kind === 'TRUNCATE' && this.#isFirst) await this.#pool.query('TRUNCATE or_copy.person')
  }

  onRollback(): void {
    this.#changes.clear()
  }

  onStopConsumption(): Promise<void> {
    return this.#pool.end()
  }

  async #flush(): Promise<void> {
    const changes = [...this.#changes]
    const upserts = changes.flatMap(([, values]) => (values === undefined ? [] : [values]))
    const deletes = changes.flatMap(([key, values]) => (values === undefined ? [key] : []))
    if (upserts.length > 0)
      await this.#pool.query(
        `INSERT INTO or_copy.person (id, first_name, last_name, balance) VALUES ?
         ON DUPLICATE KEY UPDATE first_name = VALUES(first_name), last_name = VALUES(last_name), balance = VALUES(balance)`,
        [upserts],
      )
    if (deletes.length > 0) await this.#pool.query('DELETE FROM or_copy.person WHERE id IN (?)', [deletes])
    this.#changes.clear()
  }
}
