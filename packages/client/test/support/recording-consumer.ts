import { type ChangeEvent, type EventConsumer, type Result } from '@aesop/client'
import { type AesopError } from '@aesop/kernel'

/** Writes down every callback as one line, and does what `on` says to do at it. */
export class RecordingConsumer implements EventConsumer {
  readonly trace: string[] = []
  readonly rows: string[] = []
  readonly errors: AesopError[] = []
  on: (line: string, signal: AbortSignal) => Result = () => undefined

  #note(line: string, signal: AbortSignal): Result {
    this.trace.push(line)
    return this.on(line, signal)
  }
  onDataEvent(event: ChangeEvent, signal: AbortSignal): Result {
    const { id, name } = event.row
    this.rows.push(`${event.scn}/${String(id)}/${String(name)}`)
    return this.#note(`row ${event.scn} ${event.source.name} ${event.key}`, signal)
  }
  onStartConsumption(signal: AbortSignal): Result {
    return this.#note('start', signal)
  }
  onStopConsumption(signal: AbortSignal): Result {
    return this.#note('stop', signal)
  }
  onStartDataEventSequence(scn: bigint, signal: AbortSignal): Result {
    return this.#note(`window ${scn}`, signal)
  }
  onEndDataEventSequence(scn: bigint, signal: AbortSignal): Result {
    return this.#note(`end ${scn}`, signal)
  }
  onStartSource(source: { name: string }, signal: AbortSignal): Result {
    return this.#note(`source ${source.name}`, signal)
  }
  onEndSource(source: { name: string }, signal: AbortSignal): Result {
    return this.#note(`end of ${source.name}`, signal)
  }
  onCheckpoint(scn: bigint, signal: AbortSignal): Result {
    return this.#note(`checkpoint ${scn}`, signal)
  }
  onRollback(scn: bigint, signal: AbortSignal): Result {
    return this.#note(`rollback ${scn}`, signal)
  }
  onError(error: AesopError, signal: AbortSignal): Result {
    this.errors.push(error)
    return this.#note(`error ${error.code}`, signal)
  }
}
