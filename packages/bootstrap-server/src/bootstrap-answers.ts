import { bootstrapCheckpoint, type BootstrapPlace } from '@aesop/checkpoint'
import { checkpointEvent } from '@aesop/event'
import { sleep } from '@aesop/kernel'
import {
  SnapshotOutdatedError,
  type SnapshotQuestion,
  type SourceState,
  type StoreAnswer,
  StoreLogPurgedError,
  type StoreReader,
  StoreReplacedError,
  StoreSourceNotServedError,
  StoreTooYoungError,
} from '@aesop/bootstrap-store'
import {
  BootstrapElsewhereError,
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
  /** Id of the store that it is of. */
  readonly storeId: string
}

export interface ScnAnswer {
  readonly scn: bigint
  readonly storeId: string
}

export interface AnswersOptions {
  readonly slots: ReaderSlots
  /** `host:port`, which places of this server carry. */
  readonly address: () => string
  /** How long `/startSCN` waits until the store has come to what the client has, in milliseconds. */
  readonly behindMs: number
  /** Whether the snapshot of a source is left out where the log reaches back to what the client has. */
  readonly leavesOut: (source: string) => boolean
  /** Most rows of a batch; undefined: its bytes bound it. */
  readonly snapshotRows: number | undefined
  readonly logRows: number | undefined
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
  async startScn({ sources, place, takesSchemaChanges }: StartScnRequest, signal: AbortSignal): Promise<ScnAnswer> {
    this.#checkServer(place)
    const states = await this.#reached(sources, place, signal)
    const { sinceScn } = place
    const [{ storeId, stream }] = states
    const { leavesOut } = this.#options
    const isLogEnough = states.every((state) => leavesOut(state.name) && logReaches(state, sinceScn))
    if (sinceScn > 0n && isLogEnough) return { scn: sinceScn, storeId }
    for (const state of states) refuseTooYoung(state, sinceScn, takesSchemaChanges)
    if (stream.appliedScn < 0n) throw new RequestFailedError('Bootstrap DB is being initialized!')
    return { scn: stream.appliedScn, storeId }
  }

  /** @throws BootstrapOutdatedError, RequestFailedError */
  async targetScn({ source, place }: TargetScnRequest): Promise<ScnAnswer> {
    this.#checkServer(place)
    const [{ storeId, stream }] = await this.#states([source], place)
    return { scn: stream.logScn, storeId }
  }

  /** @throws BootstrapTooYoungError, BootstrapOutdatedError, RequestFailedError, InvalidRequestError */
  async batch(request: BootstrapRequest): Promise<BatchAnswer> {
    const { place, placeBytes, batchBytes } = request
    this.#checkServer(place)
    const { address, snapshotRows, logRows } = this.#options
    const maxRows = place.phase === 'snapshot' ? snapshotRows : logRows
    const most = request.output === 'binary' ? BATCH_BYTES_MAX : TEXT_BYTES_MAX
    const margin = placeBytes + Math.max(MARGIN_BYTES, address().length)
    const usable = Math.max(0, Math.min(batchBytes, most) - margin)
    if (place.phase === 'snapshot' && place.startScn <= place.sinceScn) {
      const [{ storeId }] = await this.#states([place.snapshotSource], place)
      return { ...NOTHING, storeId }
    }
    const { answer, schemaChangeId, storeId } = await named(() =>
      this.#options.slots.with(async (reader) => {
        const asked = await ask(reader, request, usable, maxRows)
        // One that is larger than any batch goes alone, to who has room for it.
        const isAlone = asked.answer.kind === 'tooSmall' && asked.answer.pendingBytes <= batchBytes - margin
        return isAlone ? ask(reader, request, asked.answer.pendingBytes, maxRows) : asked
      }),
    )
    if (answer.kind === 'tooSmall')
      return { ...NOTHING, isPhaseCompleted: false, pendingBytes: answer.pendingBytes, storeId }
    const { bytes, rows, lastScn } = sentEvents(answer.bytes, schemaChangeId, request)
    const after = movedTo({ ...place, storeId }, answer.place, lastScn)
    const hasMoved = answer.rows > 0 || after.snapshotOffset !== place.snapshotOffset
    const progress = hasMoved ? [checkpointEvent(bootstrapCheckpoint(after).format())] : []
    return {
      bytes: Buffer.concat([bytes, ...progress]),
      rows,
      isPhaseCompleted: answer.isDone,
      pendingBytes: undefined,
      storeId,
    }
  }

  /** Waits until the store has all that the client has. */
  async #reached(names: readonly string[], place: BootstrapPlace, signal: AbortSignal): Promise<States> {
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

  async #states(names: readonly string[], place: BootstrapPlace): Promise<States> {
    const { scnSpace } = place
    const states = await named(() => this.#options.slots.with((reader) => statesOf(reader, names, place)))
    for (const { name, status } of states)
      if (status !== 'ACTIVE') throw new RequestFailedError(new StoreSourceNotServedError(name, status).message)
    const streams = new Set(states.map(({ stream }) => stream.name))
    if (streams.size > 1) {
      const all = [...streams].join(', ')
      throw new InvalidRequestError(
        `the sources are of several physical sources (${all}), whose SCNs can't be compared`,
      )
    }
    const ours = states[0].stream.scnSpace
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
    throw new BootstrapElsewhereError(`the checkpoint is of the bootstrap server ${server}, and this one is ${own}`)
  }
}

type States = readonly [SourceState, ...SourceState[]]

interface Asked {
  readonly answer: StoreAnswer
  readonly schemaChangeId: number
  readonly storeId: string
}

const NOTHING = { bytes: Buffer.alloc(0), rows: 0, isPhaseCompleted: true, pendingBytes: undefined }

/** @throws StoreReplacedError where the place is of another store */
async function statesOf(reader: StoreReader, names: readonly string[], place: BootstrapPlace): Promise<States> {
  const [first, ...others] = await reader.states(names)
  if (first === undefined) throw new InvalidRequestError('a bootstrap of no sources was asked for')
  const { storeId = first.storeId } = place
  if (storeId !== first.storeId) throw new StoreReplacedError(storeId, first.storeId)
  return [first, ...others]
}

async function ask(
  reader: StoreReader,
  request: BootstrapRequest,
  maxBytes: number,
  maxRows: number | undefined,
): Promise<Asked> {
  const { place } = request
  const source = place.phase === 'snapshot' ? place.snapshotSource : place.catchupSource
  const [{ storeId, stream }] = await statesOf(reader, [source], place)
  const answer = await eventsOf(reader, request, { storeId, maxBytes, maxRows })
  return { answer, schemaChangeId: stream.schemaChangeId, storeId }
}

function eventsOf(
  reader: StoreReader,
  request: BootstrapRequest,
  bounds: Pick<SnapshotQuestion, 'storeId' | 'maxBytes' | 'maxRows'>,
): Promise<StoreAnswer> {
  const { place, takesSchemaChanges } = request
  const { startScn, sinceScn, targetScn } = place
  if (place.phase === 'snapshot') {
    const source = place.snapshotSource
    const afterId = place.snapshotOffset
    return reader.snapshot({ ...bounds, source, afterId, startScn, sinceScn, takesSchemaChanges })
  }
  const source = place.catchupSource
  return reader.log({ ...bounds, source, afterOrdinal: place.windowOffset, startScn, targetScn, sinceScn })
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

const OUTDATED = [SnapshotOutdatedError, StoreLogPurgedError, StoreReplacedError]

/** What the store throws, as clients know it. */
async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (error instanceof StoreTooYoungError) throw new BootstrapTooYoungError(error.message, { cause: error })
    if (OUTDATED.some((known) => error instanceof known))
      throw new BootstrapOutdatedError(error.message, { cause: error })
    throw new RequestFailedError(error.message, { cause: error })
  }
}
