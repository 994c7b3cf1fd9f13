import { type ChangeEvent, type EventConsumer, type Result, type SchemaChange } from '@aesop/client'

/** A consumer that keeps what it is given: a table by key, and which callbacks came. */
export class PictureKeeper implements EventConsumer {
  readonly picture = new Map<number, string>()
  readonly trace: string[] = []
  /** Keys that went back to an older state, with the SCNs. */
  readonly wentBack: string[] = []
  readonly #scns = new Map<number, bigint>()
  on: (line: string) => Result = () => undefined

  onDataEvent(event: ChangeEvent): Result {
    this.#take(event)
    return this.#note('row')
  }
  onBootstrapEvent(event: ChangeEvent): Result {
    this.#take(event)
    return this.#note('b-row')
  }
  onStartBootstrap(_signal: AbortSignal, { complete }: { complete: boolean }): Result {
    if (complete) {
      this.picture.clear()
      this.#scns.clear()
    }
    return this.#note(complete ? 'b-start complete' : 'b-start')
  }
  onStopBootstrap(): Result {
    return this.#note('b-stop')
  }
  onBootstrapCheckpoint(): Result {
    return this.#note('b-checkpoint')
  }
  onBootstrapRollback(): Result {
    return this.#note('b-rollback')
  }
  onCheckpoint(): Result {
    return this.#note('checkpoint')
  }
  onRollback(): Result {
    return this.#note('rollback')
  }
  onError(error: { code: string }): Result {
    return this.#note(`error ${error.code}`)
  }
  onSchemaChange({ kind }: SchemaChange): Result {
    if (kind === 'TRUNCATE') this.picture.clear()
    return this.#note(`change ${kind}`)
  }

  get rows(): object {
    return Object.fromEntries([...this.picture].toSorted(([a], [b]) => a - b))
  }

  count(line: string): number {
    return this.trace.filter((each) => each === line).length
  }

  #take({ key, opcode, scn, row }: ChangeEvent): void {
    const id = Number(key)
    const before = this.#scns.get(id) ?? -1n
    if (scn < before) this.wentBack.push(`${id}: ${scn} after ${before}`)
    this.#scns.set(id, scn)
    if (opcode === 'DELETE') this.picture.delete(id)
    else this.picture.set(id, String(row['name']))
  }

  #note(line: string): Result {
    this.trace.push(line)
    return this.on(line)
  }
}
