import { ScnSpaceKeeper, type MaxScn } from '@aesop/checkpoint'
import { type BeanContext, type Health, invariant, type Metric } from '@aesop/kernel'
import {
  BufferReread,
  type CopySink,
  type EventProducer,
  parseStartPlace,
  type PhysicalSourceConfig,
  type ProducerContext,
  type ProducerStatus,
  ResumeKeeper,
  scnSpaceOfSource,
  SourceConfigInvalidError,
  SourceRunner,
  takesCopies,
  type WindowSink,
} from '@aesop/producer'
import { LateUpstreams } from './late-upstreams.ts'
import { type LateReading, type SnapshotReader } from '@aesop/reading'
import { type RelayAddress } from '@aesop/wire'
import { type FollowedPoint, recordOf, rereadOf } from './followed-place.ts'
import { UpstreamReading, type UpstreamReadingOptions } from './upstream-reading.ts'
import { type UpstreamRelay } from './upstream-relay.ts'
import { UpstreamRelays } from './upstream-relays.ts'
import { UpstreamSchemas } from './upstream-schemas.ts'
import { UpstreamSnapshots } from './upstream-snapshots.ts'
import { upstreamSettingsOf, upstreamsOf } from './upstream-settings.ts'

/** How long the oldest window of a relay is asked for, to say it to who came too late. */
const OLDEST_MS_MAX = 2_000

export interface RelayEventProducerOptions {
  readonly physicalSourceConfig: PhysicalSourceConfig
  /** The relays to be followed, asked for when it is prepared; left out: those of the uri. */
  readonly relays?: (() => readonly RelayAddress[]) | undefined
}

/**
 * Follows another relay (`relay:` URIs): its windows, byte for byte and under the same SCNs, and the schemas that they name. It
 * goes on after the last window that its own sink has, at the first of its relays that can; never behind a gap.
 */
export class RelayEventProducer implements EventProducer {
  readonly name: string
  scnSpace: string | undefined
  readonly #config: PhysicalSourceConfig
  readonly #bean: BeanContext
  readonly #relaysOf: (() => readonly RelayAddress[]) | undefined
  readonly #runner: SourceRunner
  readonly #reread = new BufferReread<FollowedPoint>()
  #context: ProducerContext | undefined
  #relays: UpstreamRelays | undefined
  #schemas: UpstreamSchemas | undefined
  #keeper: ResumeKeeper<FollowedPoint> | undefined
  #reading: UpstreamReading | undefined
  #readingOf: UpstreamReadingOptions | undefined
  #late: LateUpstreams | undefined
  #snapshots: UpstreamSnapshots | undefined
  #scn = -1n
  #lastNanos: bigint | undefined

  constructor({ physicalSourceConfig, relays }: RelayEventProducerOptions, context: BeanContext) {
    this.#config = physicalSourceConfig
    this.#relaysOf = relays
    this.#bean = context
    this.name = physicalSourceConfig.name
    this.#runner = new SourceRunner({
      log: context.log,
      open: (take) => this.#open(take),
      release: () => Promise.resolve(),
      onFailed: (error) => this.#context?.fail(error),
    })
  }

  get lateReading(): LateReading | undefined {
    return this.#late
  }

  get snapshotReader(): SnapshotReader | undefined {
    return this.#snapshots
  }

  /** @throws AesopError of the stored place, or of the relays when they must be asked where to begin */
  async prepare(context: ProducerContext): Promise<bigint> {
    this.#context = context
    const { physicalSource } = context
    const { token, silenceMs } = upstreamSettingsOf(physicalSource)
    this.#schemas = new UpstreamSchemas(context.schemas, physicalSource.servedSources)
    const relays = this.#relaysOf?.() ?? upstreamsOf(physicalSource.uri, token)
    const { log } = this.#bean
    const upstreams = { relays, physicalSource, schemas: this.#schemas, silenceMs, log }
    this.#relays = new UpstreamRelays(upstreams)
    const stored = await context.maxScn.load()
    const reread = stored && rereadOf(stored)
    const { startRetryMs } = physicalSource
    const space = await this.#runner.firstly(startRetryMs, () => this.#spaceOf(stored))
    this.scnSpace = space
    this.#late = this.#lateOf(new UpstreamRelays(upstreams), this.#schemas, space)
    this.#snapshots = new UpstreamSnapshots({
      relays: new UpstreamRelays(upstreams),
      schemas: this.#schemas,
      scnSpace: space,
      reachedScn: () => this.#scn,
      signal: this.#runner.signal,
    })
    this.#scn = await this.#runner.firstly(startRetryMs, () =>
      stored === undefined ? this.#configuredStart() : this.#beginAgain(stored, reread, space),
    )
    await this.#keepPlace(new ScnSpaceKeeper(context.maxScn, space), stored)
    return this.#scn
  }

  async start(sinceScn: bigint, sink: WindowSink): Promise<void> {
    if (!takesCopies(sink)) {
      const expected = 'none: SCNs are those of the relay that is followed'
      throw new SourceConfigInvalidError(`physical source ${this.name}`, 'scnGenerator', '***', expected)
    }
    const [keeper, context] = [this.#keeper, this.#context]
    invariant(keeper !== undefined && context !== undefined, 'start comes after prepare')
    this.#scn = sinceScn
    keeper.durable = () => sink.whenDurable?.()
    keeper.reread = () => lowest(sink.prevScn, context.readersSinceScn?.())
    this.#readingOf = this.#readingInto(sink)
    await this.#runner.start(this.#config.startRetryMs)
  }

  pause(): void {
    this.#runner.pause()
  }

  resume(): void {
    this.#runner.resume()
  }

  stop(): Promise<void> {
    this.#late?.end()
    return this.#runner.stop(() => this.#keeper?.close())
  }

  status(): ProducerStatus {
    const { state, windows, detail } = this.#runner
    const rereadUntilScn = this.#reread.reached(this.#scn)?.scn
    const concern = this.#keeper?.fault
    return {
      state,
      scn: windows === 0 ? -1n : this.#scn,
      ...(detail === undefined ? {} : { detail }),
      ...(concern === undefined ? {} : { concern }),
      ...(this.#lastNanos === undefined ? {} : { lastEventMs: Number(this.#lastNanos / 1_000_000n) }),
      ...(rereadUntilScn === undefined ? {} : { rereadUntilScn }),
    }
  }

  health(): Health {
    return this.#runner.health(this.#keeper?.fault)
  }

  metrics(): readonly Metric[] {
    return [...this.#runner.metrics(), ...(this.#late?.metrics() ?? [])]
  }

  /** Which relay is followed, of which, and what is read late from them. */
  describe(): object {
    const late = this.#late?.describe() ?? []
    return { upstream: this.#reading?.address, upstreams: this.#relays?.addresses ?? [], lateReadings: late }
  }

  async #open(take: (attempt: UpstreamReading) => void): Promise<void> {
    invariant(this.#readingOf !== undefined, 'start comes after prepare')
    const reading = new UpstreamReading(this.#readingOf)
    this.#reading = reading
    take(reading)
    await reading.connect()
  }

  #readingInto(sink: CopySink): UpstreamReadingOptions {
    const [relays, schemas, scnSpace] = [this.#relays, this.#schemas, this.scnSpace]
    invariant(relays !== undefined && schemas !== undefined && scnSpace !== undefined, 'start comes after prepare')
    const reachedScn = (): bigint => this.#scn
    const onWindow = (scn: bigint, timestampNanos: bigint): void => {
      this.#closedWindow(scn, timestampNanos)
    }
    return { relays, schemas, scnSpace, sink, physicalPartition: this.#config.id, reachedScn, onWindow }
  }

  /** Has relays of its own: where a late reader moves on to the next one, who follows does not. */
  #lateOf(relays: UpstreamRelays, schemas: UpstreamSchemas, scnSpace: string): LateUpstreams {
    const oldestScn = async (): Promise<bigint | undefined> => {
      const signal = AbortSignal.any([this.#runner.signal, AbortSignal.timeout(OLDEST_MS_MAX)])
      return relays.ask((upstream) => upstream.oldestScn(signal), { signal })
    }
    return new LateUpstreams({
      relays,
      schemas,
      scnSpace,
      physicalPartition: this.#config.id,
      oldestScn,
      reachedScn: () => this.#scn,
      heldAfterScn: () => this.#readingOf?.sink.prevScn,
    })
  }

  readonly #point = (): FollowedPoint => ({ scn: this.#scn })

  #closedWindow(scn: bigint, timestampNanos: bigint): void {
    this.#scn = scn
    if (timestampNanos > 0n) this.#lastNanos = timestampNanos
    this.#runner.windows++
    // What was reached before a restart stays stored until it has been read again.
    if (this.#reread.reached(scn) === undefined) this.#keeper?.note(this.#point)
  }

  #ask<Answer>(question: (upstream: UpstreamRelay) => Promise<Answer>, sinceScn?: bigint): Promise<Answer> {
    invariant(this.#relays !== undefined, 'relays are known when they are asked')
    const { signal } = this.#runner
    return this.#relays.ask(question, { signal, ...(sinceScn === undefined ? {} : { sinceScn }) })
  }

  #spaceOf(stored: MaxScn | undefined): Promise<string> {
    const { signal } = this.#runner
    const told = (): Promise<string> => this.#ask((upstream) => upstream.scnSpace(signal))
    return scnSpaceOfSource({ physicalSource: this.#config, stored, told, log: this.#bean.log })
  }

  /** Where it begins of which nothing is stored; the oldest window that a relay holds, unless it is said. */
  async #configuredStart(): Promise<bigint> {
    const { initialScn } = this.#context as ProducerContext
    const { startFrom = 'earliest' } = this.#config
    if (initialScn !== undefined) return initialScn
    const place = parseStartPlace(startFrom, (fault) => this.#refuseStart(startFrom, fault))
    if (place?.kind === 'scn') return place.scn
    const { signal } = this.#runner
    const oldest = (upstream: UpstreamRelay): Promise<bigint | undefined> => upstream.oldestScn(signal)
    const newest = (upstream: UpstreamRelay): Promise<bigint | undefined> => upstream.newestScn(signal)
    if (place?.kind === 'earliest') return (await this.#ask(oldest)) ?? -1n
    if (place?.kind === 'latest') return (await this.#ask(newest)) ?? (await this.#ask(oldest)) ?? -1n
    return this.#refuseStart(startFrom, 'a relay is asked for SCNs')
  }

  #refuseStart(startFrom: string, fault: string): never {
    const expected = `earliest, latest or scn:<n>: ${fault}`
    throw new SourceConfigInvalidError(`physical source ${this.name}`, 'startFrom', startFrom, expected)
  }

  /**
   * After a restart: where it stood, when the buffer has its windows from a former process; else from where on that buffer can be
   * filled again, as far as relays still have it.
   */
  async #beginAgain(stored: MaxScn, reread: FollowedPoint | undefined, space: string): Promise<bigint> {
    const { restoredScn, readersSinceScn } = this.#context as ProducerContext
    const reached = { scn: stored.scn }
    if (restoredScn !== undefined || reread === undefined) return reached.scn
    const { log } = this.#bean
    const { signal } = this.#runner
    const isThere = async ({ scn }: FollowedPoint): Promise<boolean> => {
      await this.#ask((upstream) => upstream.proveAfter(scn, space, signal), scn)
      return true
    }
    const wanted = [lowest(reread.scn, readersSinceScn?.()), reread]
    const begin = await this.#reread.begin({ reached, wanted, isThere, log })
    if (begin !== reached) return begin.scn
    const oldest = await this.#ask((upstream) => upstream.oldestScn(signal))
    const held = oldest === undefined ? undefined : { scn: oldest }
    return (await this.#reread.begin({ reached, wanted: [held], isThere, log })).scn
  }

  /** What clients may learn of the place has to be the same after a crash. */
  async #keepPlace(store: ScnSpaceKeeper, stored: MaxScn | undefined): Promise<void> {
    const onFinalError = this.#runner.fail.bind(this.#runner)
    this.#keeper = new ResumeKeeper({ store, recordOf, log: this.#bean.log, onFinalError })
    if (stored === undefined) await this.#keeper.begin(this.#point())
    else if (stored.scnSpace !== this.scnSpace) await store.save(stored)
  }
}

/** The lower of two SCNs, as far as they are known. */
function lowest(...scns: readonly (bigint | undefined)[]): FollowedPoint | undefined {
  const known = scns.filter((scn) => scn !== undefined)
  return known.length === 0 ? undefined : { scn: known.reduce((low, scn) => (scn < low ? scn : low)) }
}
