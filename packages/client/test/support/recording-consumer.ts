import { type ChangeEvent, type EventConsumer, type Result } from '@aesop/client'
import { type AesopError } from '@aesop/kernel'

/** Writes down every callback as one line, and does what `on` says to do at it. */
export class RecordingConsumer implements EventConsumer {
  readonly trace: string[] = []
  readonly rows: string[] = []
  readonly errors: AesopError[] = []
  on: (line: string) => Result = () => undefined

  #note(line: string): Result {
    this.trace.push(line)
    return this.on(line)
  }
  onDataEvent(event: ChangeEvent): Result {
    const { id, name } = event.row
    this.rows.push(`${event.scn}/${String(id)}/${String(name)}`)
    return this.#note(`row ${event.scn} ${event.source.name} ${event.key}`)
  }
  onStartConsumption(): Result {
    return this.#note('start')
  }
  onStopConsumption(): Result {
    return this.#note('stop')
  }
  onStartDataEventSequence(scn: bigint): Result {
    return this.#note(`window ${scn}`)
  }
  onEndDataEventSequence(scn: bigint): Result {
    return this.#note(`end ${scn}`)
  }
  onStartSource(source: { name: string }): Result {
    return this.#note(`source ${source.name}`)
  }
  onEndSource(source: { name: string }): Result {
    return this.#note(`end of ${source.name}`)
  }
  onCheckpoint(scn: bigint): Result {
    return this.#note(`checkpoint ${scn}`)
  }
  onRollback(scn: bigint): Result {
    return this.#note(`rollback ${scn}`)
  }
  onError(error: AesopError): Result {
    this.errors.push(error)
    return this.#note(`error ${error.code}`)
  }
}
