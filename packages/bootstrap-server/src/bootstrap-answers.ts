import { bootstrapCheckpoint, type BootstrapPlace } from '@aesop/checkpoint'
import { checkpointEvent } from '@aesop/event'
import { sleep } from '@aesop/kernel'
import {
  SnapshotOutdatedError,
  type SourceState,
  type StoreAnswer,
  StoreLogPurgedError,
  type StoreReader,
  StoreSourceNotServedError,
  StoreTooYoungError,
} from '@aesop/bootstrap-store'
import {
  BootstrapOutdatedError,
  type BootstrapRequest,
  BootstrapTooOldError,
  BootstrapTooYoungError,
  InvalidRequestError,
  RequestFailedError,
  ScnSpaceForeignError,
  type StartScnRequest,
  type TargetScnRequest,
} from '@aesop/wire'
import { type ReaderSlots } from './reader-slots.ts'
import { sentEvents } from './sent-events.ts'

export interface BatchAnswer {
  readonly bytes: Buffer
  readonly rows: number
  readonly isPhaseCompleted: boolean
  /** Bytes of the event that did not fit; undefined: one did, or there was none. */
  readonly pendingBytes: number | undefined
}

export interface AnswersOptions {
  readonly slots: ReaderSlots
  /** `host:port`, which places of this server carry. */
  readonly address: () => string
  /** How long `/startSCN` waits until the store has come to what the client has, in milliseconds. */
  readonly behindMs: number
}

/** Room that Databus leaves for the checkpoint that it adds, in bytes. */
const MARGIN_BYTES = 900
const POLL_MS = 100
/** Most bytes of one answer, which is made in memory, whatever a client asks for. */
const BATCH_BYTES_MAX = 16 * 1024 * 1024
/** The same of text, which is made on the loop of the process. */
const TEXT_BYTES_MAX = 256 * 1024

/** What a bootstrap server answers, from readers of its store; see SPEC.md. */
export class BootstrapAnswers {
  readonly #options: AnswersOptions

  constructor(options: AnswersOptions) {
    this.#options = options
  }

  /** @throws BootstrapTooOldError, BootstrapTooYoungError, RequestFailedError, InvalidRequestError */
  async startScn({ sources, place, takesSchemaChanges }: StartScnRequest, signal: AbortSignal): Promise<bigint> {
    this.#checkServer(place)
    const states = await this.#reached(sources, place, signal)
    const { sinceScn } = place
    if (sinceScn > 0n && states.every((state) => logReaches(state, sinceScn))) return sinceScn
    for (const state of states) refuseTooYoung(state, sinceScn, takesSchemaChanges)
    const [first] = states
    if (first === undefined || first.stream.appliedScn < 0n)
      throw new RequestFailedError('Bootstrap DB is being initialized!')
    return first.stream.appliedScn
  }

  /** @throws RequestFailedError */
  async targetScn({ source, place }: TargetScnRequest): Promise<bigint> {
    this.#checkServer(place)
    const [state] = await this.#states([source], place)
    return state?.stream.logScn ?? -1n
  }

  /** @throws BootstrapTooYoungError, BootstrapOutdatedError, RequestFailedError, InvalidRequestError */
  async batch(request: BootstrapRequest): Promise<BatchAnswer> {
    const { place, placeBytes, batchBytes } = request
    this.#checkServer(place)
    const { address } = this.#options
    const most = request.output === 'binary' ? BATCH_BYTES_MAX : TEXT_BYTES_MAX
    const margin = placeBytes + Math.max(MARGIN_BYTES, address().length)
    const usable = Math.max(0, Math.min(batchBytes, most) - margin)
    if (place.phase === 'snapshot' && place.startScn <= place.sinceScn) return NOTHING
    const { answer, schemaChangeId } = await named(() =>
      this.#options.slots.with(async (reader) => {
        const asked = await ask(reader, request, usable)
        // One that is larger than any batch goes alone, to who has room for it.
        const isAlone = asked.answer.kind === 'tooSmall' && asked.answer.pendingBytes <= batchBytes - margin
        return isAlone ? ask(reader, request, asked.answer.pendingBytes) : asked
      }),
    )
    if (answer.kind === 'tooSmall') return { ...NOTHING, isPhaseCompleted: false, pendingBytes: answer.pendingBytes }
    const { bytes, rows, lastScn } = sentEvents(answer.bytes, schemaChangeId, request)
    const after = movedTo(place, answer.place, lastScn)
    const hasMoved = answer.rows > 0 || after.snapshotOffset !== place.snapshotOffset
    const progress = hasMoved ? [checkpointEvent(bootstrapCheckpoint(after).format())] : []
    return {
      bytes: Buffer.concat([bytes, ...progress]),
      rows,
      isPhaseCompleted: answer.isDone,
      pendingBytes: undefined,
    }
  }

  /** Waits until the store has all that the client has. */
  async #reached(
    names: readonly string[],
    place: BootstrapPlace,
    signal: AbortSignal,
  ): Promise<readonly SourceState[]> {
    const untilMs = performance.now() + this.#options.behindMs
    for (;;) {
      const states = await this.#states(names, place)
      const behind = states.find(({ stream }) => stream.logScn < place.sinceScn)
      if (behind === undefined) return states
      if (performance.now() >= untilMs || signal.aborted) {
        const { stream } = behind
        throw new BootstrapTooOldError(
          `the bootstrap store has come to SCN ${stream.logScn}, and SCN ${place.sinceScn} was asked for`,
        )
      }
      await sleep(POLL_MS, signal)
    }
  }

  async #states(names: readonly string[], { scnSpace }: BootstrapPlace): Promise<readonly SourceState[]> {
    const states = await named(() => this.#options.slots.with((reader) => reader.states(names)))
    for (const { name, status } of states)
      if (status !== 'ACTIVE') throw new RequestFailedError(new StoreSourceNotServedError(name, status).message)
    const streams = new Set(states.map(({ stream }) => stream.name))
    if (streams.size > 1) {
      const all = [...streams].join(', ')
      throw new InvalidRequestError(
        `the sources are of several physical sources (${all}), whose SCNs can't be compared`,
      )
    }
    const ours = states[0]?.stream.scnSpace
    if (scnSpace !== undefined && ours !== undefined && ours !== scnSpace)
      throw new ScnSpaceForeignError(
        `the checkpoint is of the SCN space "${scnSpace}", the bootstrap store of "${ours}"`,
      )
    return states
  }

  /** Ids and ordinals are those of one store. */
  #checkServer({ server }: BootstrapPlace): void {
    const own = this.#options.address()
    if (server === undefined || server === own) return
    throw new RequestFailedError(`the checkpoint is of the bootstrap server ${server}, and this one is ${own}`)
  }
}

interface Asked {
  readonly answer: StoreAnswer
  readonly schemaChangeId: number
}

const NOTHING: BatchAnswer = { bytes: Buffer.alloc(0), rows: 0, isPhaseCompleted: true, pendingBytes: undefined }

async function ask(reader: StoreReader, request: BootstrapRequest, maxBytes: number): Promise<Asked> {
  const { place } = request
  const source = place.phase === 'snapshot' ? place.snapshotSource : place.catchupSource
  const [state] = await reader.states([source])
  return { answer: await eventsOf(reader, request, maxBytes), schemaChangeId: state?.stream.schemaChangeId ?? 0 }
}

function eventsOf(reader: StoreReader, request: BootstrapRequest, maxBytes: number): Promise<StoreAnswer> {
  const { place, takesSchemaChanges } = request
  const { startScn, sinceScn, targetScn } = place
  if (place.phase === 'snapshot') {
    const source = place.snapshotSource
    return reader.snapshot({ source, afterId: place.snapshotOffset, startScn, sinceScn, maxBytes, takesSchemaChanges })
  }
  const source = place.catchupSource
  return reader.log({ source, afterOrdinal: place.windowOffset, startScn, targetScn, sinceScn, maxBytes })
}

function movedTo(place: BootstrapPlace, at: bigint, scn: bigint | undefined): BootstrapPlace {
  if (place.phase === 'snapshot') return { ...place, snapshotOffset: at }
  return { ...place, windowOffset: at, windowScn: scn ?? place.windowScn }
}

/** Whether the log alone brings a consumer up to date, without a look at the rows. */
function logReaches({ logStartScn, seeding }: SourceState, sinceScn: bigint): boolean {
  return logStartScn <= sinceScn && (seeding?.endScn ?? -1n) <= sinceScn
}

/** @throws BootstrapTooYoungError */
function refuseTooYoung({ name, minScn, clearedScn }: SourceState, sinceScn: bigint, takesChanges: boolean): void {
  if (sinceScn <= 0n) return
  const least = takesChanges || clearedScn < minScn ? minScn : clearedScn
  if (sinceScn < least) throw new BootstrapTooYoungError(new StoreTooYoungError(name, sinceScn, least).message)
}

/** What the store throws, as clients know it. */
async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (error instanceof StoreTooYoungError) throw new BootstrapTooYoungError(error.message, { cause: error })
    const isOutdated = error instanceof SnapshotOutdatedError || error instanceof StoreLogPurgedError
    if (isOutdated) throw new BootstrapOutdatedError(error.message, { cause: error })
    throw new RequestFailedError(error.message, { cause: error })
  }
}
