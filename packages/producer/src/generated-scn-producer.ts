import { type AnyMetric } from '@aesop/kernel'
import { type LateReading, type SnapshotReader } from '@aesop/reading'
import { type EventProducer, type ProducerContext, type ProducerStatus } from './event-producer.ts'
import { GeneratedLateReading } from './generated-late-reading.ts'
import { GeneratedSnapshotReader } from './generated-snapshot-reader.ts'
import { generatedRecord, GeneratedScnStore, recordOfLog } from './generated-scn-record.ts'
import { type PhysicalSourceConfig } from './physical-source-config.ts'
import { type PlaceFinder, type PlaceRecord } from './place-finder.ts'
import { type ScnGenerator } from './scn-generator.ts'
import { ScnMapping } from './scn-mapping.ts'
import { type WindowSink } from './window-sink.ts'

/** A producer whose windows get the SCNs that a generator makes of its own; all that it does and knows is in those of its log. */
export class GeneratedScnProducer implements EventProducer {
  readonly name: string
  readonly placeFinder?: (physicalSource: PhysicalSourceConfig) => PlaceFinder
  readonly #producer: EventProducer
  readonly #source: string
  readonly #mapping: ScnMapping
  #late: GeneratedLateReading | undefined
  #beginsAfter = -1n

  /** @param source name of the physical source, for people */
  constructor(producer: EventProducer, source: string, generator: ScnGenerator) {
    this.#producer = producer
    this.#source = source
    this.#mapping = new ScnMapping(source, generator)
    this.name = producer.name
    const find = producer.placeFinder?.bind(producer)
    if (find !== undefined)
      this.placeFinder = (physicalSource) => generatedPlaces(find(physicalSource), source, this.#mapping)
  }

  get scnSpace(): string | undefined {
    const { scnSpace } = this.#producer
    return scnSpace === undefined ? undefined : this.#mapping.spaceOf(scnSpace)
  }

  get lateReading(): LateReading | undefined {
    const { lateReading } = this.#producer
    if (lateReading === undefined) return undefined
    this.#late ??= new GeneratedLateReading(lateReading, this.#source, this.#mapping)
    return this.#late
  }

  get snapshotReader(): SnapshotReader | undefined {
    const { snapshotReader } = this.#producer
    return snapshotReader === undefined ? undefined : new GeneratedSnapshotReader(snapshotReader, this.#mapping)
  }

  get findStart(): EventProducer['findStart'] {
    const find = this.#producer.findStart?.bind(this.#producer)
    if (find === undefined) return undefined
    return async (from) => {
      const found = await find(from)
      return found.kind === 'found' ? { ...found, scn: this.#mapping.scnOf(found.scn) } : found
    }
  }

  get configurationOf(): EventProducer['configurationOf'] {
    return this.#producer.configurationOf?.bind(this.#producer)
  }

  /** @throws ScnGeneratorInvalidError, ScnGeneratorChangedError, and what the producer throws */
  async prepare(context: ProducerContext): Promise<bigint> {
    const mapping = this.#mapping
    const placeOf = (scn: bigint | undefined): bigint | undefined =>
      scn === undefined ? undefined : mapping.placeOf(scn)
    const { restoredScn, restoredAfterScn, readersSinceScn } = context
    this.#beginsAfter = await this.#producer.prepare({
      ...context,
      maxScn: new GeneratedScnStore(context.maxScn, this.#source, mapping),
      restoredScn: placeOf(restoredScn),
      restoredAfterScn: placeOf(restoredAfterScn),
      readersSinceScn: () => placeOf(readersSinceScn?.()),
    })
    return mapping.scnOf(this.#beginsAfter)
  }

  start(sinceScn: bigint, sink: WindowSink): Promise<void> {
    return this.#producer.start(this.#beginsAfter, generatedSink(sink, sinceScn, this.#mapping))
  }

  pause(): void {
    this.#producer.pause()
  }

  resume(): void {
    this.#producer.resume()
  }

  stop(): Promise<void> {
    return this.#producer.stop()
  }

  status(): ProducerStatus {
    const { scn, rereadUntilScn, ...status } = this.#producer.status()
    const until = rereadUntilScn === undefined ? {} : { rereadUntilScn: this.#mapping.scnOf(rereadUntilScn) }
    return { ...status, scn: this.#mapping.scnOf(scn), ...until }
  }

  metrics(): readonly AnyMetric[] {
    return this.#producer.metrics?.() ?? []
  }

  describe(): unknown {
    return this.#producer.describe?.()
  }
}

/** It takes no copies of other buffers: they have the SCNs that they have there. */
function generatedSink(sink: WindowSink, beginsAfter: bigint, mapping: ScnMapping): WindowSink {
  let lastScn = beginsAfter
  const mark = sink.mark?.bind(sink)
  const whenSpilled = sink.whenSpilled?.bind(sink)
  const whenDurable = sink.whenDurable?.bind(sink)
  return {
    /** Without a way back nothing that is older than all. */
    get prevScn() {
      return mapping.placeOf(sink.prevScn ?? -1n) ?? -1n
    },
    beginWindow: () => {
      sink.beginWindow()
    },
    append: (append, write) => {
      sink.append(append, write)
    },
    endWindow: (sourceScn) => {
      const scn = mapping.scnAfter(lastScn, sourceScn)
      sink.endWindow(scn)
      lastScn = scn
    },
    rollbackWindow: () => {
      sink.rollbackWindow()
    },
    whenWritable: () => sink.whenWritable(),
    ...(sink.spills === undefined ? {} : { spills: sink.spills }),
    ...(mark === undefined ? {} : { mark }),
    ...(whenSpilled === undefined ? {} : { whenSpilled }),
    ...(whenDurable === undefined ? {} : { whenDurable }),
  }
}

/** Places of the log, shown and stored under the SCNs that are made of theirs. */
function generatedPlaces(finder: PlaceFinder, source: string, mapping: ScnMapping): PlaceFinder {
  const shown = <Shown extends { readonly scn?: bigint }>(place: Shown): Shown =>
    place.scn === undefined ? place : { ...place, scn: mapping.scnOf(place.scn) }
  const kept = ({ record, place }: PlaceRecord): PlaceRecord => ({
    record: generatedRecord(record, mapping),
    place: shown(place),
  })
  return {
    describe: (stored) => shown(finder.describe(recordOfLog(stored, source, mapping))),
    locate: async (place) => shown(await finder.locate(place)),
    recordAt: async (place, floorScn) => kept(await finder.recordAt(place, mapping.wayBack(floorScn))),
    recordAnew: (floorScn) => kept(finder.recordAnew(mapping.wayBack(floorScn))),
    transactionAt: (place) => finder.transactionAt(place),
    faultRemains: (interval) => finder.faultRemains(interval),
  }
}
