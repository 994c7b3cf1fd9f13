import { AesopError } from '@aesop/kernel'
import { EventView } from '@aesop/event'
import { SeededDraw } from '../../../test/support/seeded-draw.ts'
import { type Piece, type SourceState } from '../src/index.ts'
import { SqlStoreReader } from '../src/sql/sql-store-reader.ts'
import { SqlStoreWriter } from '../src/sql/sql-store-writer.ts'
import { type SqlSession } from '../src/sql/sql-session.ts'
import { openTables } from '../src/sql/store-tables.ts'
import { eventOf, pieceOf, SCHEMA_CHANGE_ID, schemaChangeOf } from '../../../test/support/stored-events.ts'

/*
 * The whole promise of the store, against the table itself: whatever is written, applied, seeded, purged and broken in between,
 * a consumer that reads snapshot and log to their end has the table as it was at the target, and no key of it ever went back.
 */
type Table = ReadonlyMap<number, string>

const KEYS = 8
const SOURCE = 'shop.item'

/** A database with one table, all states of which are remembered. */
class Database {
  readonly #states: { readonly scn: bigint; readonly table: Table }[] = [{ scn: 0n, table: new Map() }]
  readonly windows: { readonly scn: bigint; readonly events: readonly Buffer[] }[] = []

  get scn(): bigint {
    return this.windows.at(-1)?.scn ?? 0n
  }

  at(scn: bigint): Table {
    return this.#states.findLast((state) => state.scn <= scn)?.table ?? new Map<number, string>()
  }

  change(draw: SeededDraw): void {
    const scn = this.scn + 1n + BigInt(draw.below(3))
    const table = new Map(this.at(this.scn))
    const events: Buffer[] = []
    for (let at = 0, all = 1 + draw.below(4); at < all; at++) {
      const key = draw.below(KEYS)
      if (draw.below(30) === 0) {
        table.clear()
        events.push(schemaChangeOf(scn, SOURCE, 'TRUNCATE'))
      } else if (table.has(key) && draw.below(3) === 0) {
        table.delete(key)
        events.push(eventOf({ scn, key: BigInt(key) }))
      } else {
        table.set(key, `${scn}.${at}`)
        events.push(eventOf({ scn, key: BigInt(key), value: `${scn}.${at}` }))
      }
    }
    this.#states.push({ scn, table })
    this.windows.push({ scn, events })
  }
}

interface ReadChunk {
  readonly from: number
  readonly atScn: bigint
  readonly visibleScn: bigint
  readonly bytes: Buffer
}

type Reading =
  | { readonly phase: 'snapshot'; readonly startScn: bigint; readonly sinceScn: bigint; place: bigint }
  | {
      readonly phase: 'log'
      readonly startScn: bigint
      readonly sinceScn: bigint
      readonly targetScn: bigint
      place: bigint
    }

export const reached = {
  pictures: 0,
  seedings: 0,
  gaps: 0,
  lateConsumers: 0,
  tooYoung: 0,
  outdated: 0,
  purged: 0,
  halves: 0,
}

/** One schedule of changes, faults and readings, over one connection to a store. */
export class PictureSchedule {
  readonly #draw: SeededDraw
  readonly #database = new Database()
  readonly #session: SqlSession
  readonly #reader: SqlStoreReader
  #writer: SqlStoreWriter
  #space = 1
  #written = 0n
  /** The chunk that was read and is not in yet. */
  #chunk: ReadChunk | undefined
  #picture = new Map<number, { readonly scn: bigint; readonly value: string }>()
  #sinceScn = 0n
  #reading: Reading | undefined

  constructor(session: SqlSession, seed: number) {
    this.#session = session
    this.#reader = new SqlStoreReader(session)
    this.#writer = this.#newWriter()
    this.#draw = new SeededDraw(seed)
  }

  async run(steps: number): Promise<void> {
    await openTables(this.#session, 'memory')
    await this.#declare()
    for (let step = 0; step < steps; step++) await this.#step()
    // At the end everything comes to its end: a consumer that began has its picture.
    for (let more = 0; more < 60; more++) {
      await this.#write(10)
      await this.#writer.apply('shop', 1 << 20)
      await this.#seedOn()
      await this.#read()
    }
  }

  #newWriter(): SqlStoreWriter {
    return new SqlStoreWriter(this.#session, { bytes: 200, ms: 1000 }, () => 0)
  }

  async #declare(): Promise<void> {
    await this.#writer.declare({ name: 'shop', sources: [SOURCE], schemaChangeId: SCHEMA_CHANGE_ID })
  }

  async #step(): Promise<void> {
    const draw = this.#draw
    const what = draw.below(40)
    if (what < 10) this.#database.change(draw)
    else if (what < 16) await this.#write(1 + draw.below(3))
    else if (what < 21) await this.#writer.apply('shop', 1 + draw.below(300))
    else if (what < 27) await this.#seedOn()
    else if (what < 36) await this.#read()
    else if (what < 37) await this.#halfAndCrash()
    else if (what < 38) await this.#purge()
    else if (draw.below(4) === 0) await this.#gap()
    else if (draw.below(3) === 0) await this.#seedAnew()
  }

  #unwritten(): readonly { readonly scn: bigint; readonly events: readonly Buffer[] }[] {
    return this.#database.windows.filter(({ scn }) => scn > this.#written)
  }

  async #write(windows: number): Promise<void> {
    const batch = this.#unwritten().slice(0, windows)
    const last = batch.at(-1)
    if (last === undefined) return
    const pieces: Piece[] = [
      pieceOf(
        SOURCE,
        batch.flatMap(({ events }) => events),
      ),
    ]
    await this.#writer.writeWindows('shop', { scnSpace: `space-${this.#space}`, pieces, endScn: last.scn })
    this.#written = last.scn
  }

  /** The first half of a window, and then the process dies. */
  async #halfAndCrash(): Promise<void> {
    const [first] = this.#unwritten()
    const half = first?.events.slice(0, 1)
    if (half === undefined || half.length === 0) return
    const batch = { scnSpace: `space-${this.#space}`, pieces: [pieceOf(SOURCE, half)], endScn: undefined }
    await this.#writer.writeWindows('shop', batch)
    this.#writer = this.#newWriter()
    this.#chunk = undefined
    await this.#declare()
    reached.halves++
  }

  async #purge(): Promise<void> {
    if (await this.#writer.purgeLog('shop', { maxLogs: 1 })) reached.purged++
    const { stream } = await this.#state()
    if (this.#draw.below(3) === 0 && stream.appliedScn > 0n)
      await this.#writer.purgeTombstones(SOURCE, stream.appliedScn - BigInt(this.#draw.below(4)), 0n, 1000)
  }

  /** Windows that nobody will ever have. */
  async #gap(): Promise<void> {
    this.#written = this.#database.scn
    this.#chunk = undefined
    await this.#writer.breakStream('shop', this.#written, `space-${this.#space}`)
    reached.gaps++
  }

  async #seedAnew(): Promise<void> {
    const { status } = await this.#state()
    if (status !== 'ACTIVE' && status !== 'SEEDING') return
    this.#chunk = undefined
    await this.#writer.beginSeeding(SOURCE, undefined, true)
  }

  /** One step of a seeding: chunks of three keys, read at any moment, which may see more than their SCN says. */
  async #seedOn(): Promise<void> {
    const { status } = await this.#state()
    if (status === 'ACTIVE' || status === 'SEEDING_CATCHUP') return
    if (status !== 'SEEDING') this.#chunk = undefined
    const { seeding } = await this.#writer.beginSeeding(SOURCE, undefined)
    const from = Number(seeding?.cursor ?? 0)
    if (from >= KEYS) {
      if ((await this.#writer.endSeeding(SOURCE, 1 + this.#draw.below(4))) === 'done') reached.seedings++
      return
    }
    if (this.#chunk?.from !== from) this.#chunk = await this.#readChunk(from)
    const { atScn, visibleScn, bytes } = this.#chunk
    const chunk = { bytes, atScn, visibleScn, next: `${from + 3}` }
    if ((await this.#writer.putChunk(SOURCE, chunk)) !== 'early') this.#chunk = undefined
  }

  async #readChunk(from: number): Promise<ReadChunk> {
    const { stream } = await this.#state()
    // It can't be older than what the store has begun with, nor newer than the database.
    const begun = [stream.appliedScn, 0n].reduce((a, b) => (a > b ? a : b))
    const atScn = begun + BigInt(this.#draw.below(Number(this.#database.scn - begun) + 1))
    const seenScn = atScn + BigInt(this.#draw.below(Number(this.#database.scn - atScn) + 1))
    const table = this.#database.at(seenScn)
    const keys = [from, from + 1, from + 2].filter((key) => table.has(key))
    const bytes = Buffer.concat(keys.map((key) => eventOf({ scn: atScn, key: BigInt(key), value: table.get(key) })))
    return { from, atScn, visibleScn: seenScn, bytes }
  }

  async #state(): Promise<SourceState> {
    const [state] = await this.#reader.states([SOURCE])
    if (state === undefined) throw new Error('the source is gone')
    return state
  }

  /** One step of a consumer that bootstraps. */
  async #read(): Promise<void> {
    try {
      await this.#readOn()
    } catch (error) {
      if (!(error instanceof AesopError)) throw error
      if (error.code === 'AESOP_BOOTSTRAP_STORE_TOO_YOUNG') {
        reached.tooYoung++
        this.#picture.clear()
        this.#sinceScn = 0n
      } else if (error.code === 'AESOP_BOOTSTRAP_SNAPSHOT_OUTDATED') reached.outdated++
      else if (error.code === 'AESOP_BOOTSTRAP_NOT_SERVED') return
      else if (error.code !== 'AESOP_BOOTSTRAP_LOG_PURGED') throw error
      this.#reading = undefined
    }
  }

  async #readOn(): Promise<void> {
    this.#reading ??= await this.#begun()
    const reading = this.#reading
    if (reading === undefined) return
    const { startScn, sinceScn } = reading
    const common = { source: SOURCE, startScn, sinceScn, maxBytes: 250 }
    const answer =
      reading.phase === 'snapshot'
        ? await this.#reader.snapshot({ ...common, afterId: reading.place, takesSchemaChanges: true })
        : await this.#reader.log({ ...common, afterOrdinal: reading.place, targetScn: reading.targetScn })
    if (answer.kind !== 'events') throw new Error('an event does not fit')
    this.#take(answer.bytes)
    reading.place = answer.place
    if (!answer.isDone) return
    if (reading.phase === 'log') this.#finish(reading.targetScn)
    else {
      const targetScn = (await this.#state()).stream.logScn
      this.#reading = { phase: 'log', startScn, sinceScn, targetScn, place: 0n }
    }
  }

  async #begun(): Promise<Reading | undefined> {
    const { status, stream } = await this.#state()
    if (status !== 'ACTIVE') return undefined
    // One that stands before a gap is not asked to know of it: its SCN is in the store's past either way.
    if (this.#sinceScn > stream.appliedScn) return undefined
    // A whole snapshot has no tombstones: who begins one, also once more, forgets what it has.
    if (this.#sinceScn === 0n) this.#picture.clear()
    return { phase: 'snapshot', startScn: stream.appliedScn, sinceScn: this.#sinceScn, place: 0n }
  }

  #take(bytes: Buffer): void {
    const view = new EventView()
    for (let offset = 0; offset < bytes.length; offset = view.end) {
      const { scn, sourceId, opcode, value } = view.moveTo(bytes, offset)
      if (sourceId === SCHEMA_CHANGE_ID) {
        for (const [key, held] of this.#picture) if (held.scn <= scn) this.#picture.delete(key)
        continue
      }
      const key = Number(view.key)
      const held = this.#picture.get(key)
      if (opcode === 'DELETE') this.#picture.delete(key)
      else {
        const text = value.toString()
        const goesBack = held !== undefined && Number(text) < Number(held.value)
        if (goesBack) throw new Error(`the key ${key} goes back from ${held.value} to ${text}`)
        this.#picture.set(key, { scn, value: text })
      }
    }
  }

  #finish(targetScn: bigint): void {
    const has = Object.fromEntries(
      [...this.#picture].map(([key, { value }]) => [key, value] as const).toSorted(([a], [b]) => a - b),
    )
    const wants = Object.fromEntries([...this.#database.at(targetScn)].toSorted(([a], [b]) => a - b))
    if (JSON.stringify(has) !== JSON.stringify(wants)) {
      throw new Error(`at SCN ${targetScn} the picture is ${JSON.stringify(has)}, the table ${JSON.stringify(wants)}`)
    }
    reached.pictures++
    if (this.#sinceScn > 0n) reached.lateConsumers++
    this.#sinceScn = targetScn
    this.#reading = undefined
  }
}
