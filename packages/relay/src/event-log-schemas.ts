import { EventView } from '@aesop/event'
import { FileSchemaRegistry, type SchemaRegistry, SchemaRegistryUnwritableError } from '@aesop/schema'
import { existsSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { EventLogSchemaMissingError } from './event-log-errors.ts'

/** Beside the segments of an event log, so that it is complete by itself. */
const SCHEMAS = 'schemas'
/** Of what belongs to segments that were set aside. */
const OF_OTHERS = '.other'

/** Keeps the schemas of a source beside its event log: those of an event before the event. */
export class KeptSchemas {
  readonly #from: SchemaRegistry
  readonly #names: readonly string[]
  readonly #folder: string
  #kept: FileSchemaRegistry
  #revision = -1

  /** @param names of its logical sources @throws SchemaRegistryUnreadableError */
  constructor(folder: string, from: SchemaRegistry, names: readonly string[]) {
    this.#from = from
    this.#names = names
    this.#folder = join(folder, SCHEMAS)
    this.#kept = new FileSchemaRegistry({ derived: this.#folder })
  }

  /** What is there is of segments that are set aside: those of what comes may be others under the same versions. @throws SchemaRegistryUnwritableError */
  setAside(): void {
    if (!existsSync(this.#folder)) return
    let number = 0
    while (existsSync(`${this.#folder}.${number}${OF_OTHERS}`)) number++
    try {
      renameSync(this.#folder, `${this.#folder}.${number}${OF_OTHERS}`)
    } catch (error) {
      throw new SchemaRegistryUnwritableError(this.#folder, error)
    }
    this.#kept = new FileSchemaRegistry({ derived: this.#folder })
    this.#revision = -1
  }

  /** @throws SchemaRegistryUnwritableError, SchemaVersionTakenError */
  keepNew(): void {
    const { revision } = this.#from
    if (revision === this.#revision) return
    takeAll(this.#from, this.#kept, this.#names)
    this.#revision = revision
  }
}

/** Brings the schemas that lie beside an event log to who replays it: those of an event before the event. */
export class LoggedSchemas {
  readonly #folder: string
  readonly #to: SchemaRegistry
  readonly #nameById: ReadonlyMap<number, string>
  readonly #view = new EventView(Buffer.alloc(0), 0)
  #known = Buffer.alloc(0)
  /** When the folder was last changed, of what was brought. */
  #broughtOf: bigint | undefined

  /** @param nameById logical sources whose rows are served */
  constructor(folder: string, to: SchemaRegistry, nameById: ReadonlyMap<number, string>) {
    this.#folder = folder
    this.#to = to
    this.#nameById = nameById
  }

  /**
   * @param bytes whole events, whose schemas are there when this returns
   * @throws EventLogSchemaMissingError, SchemaRegistryUnreadableError, SchemaRegistryUnwritableError, SchemaVersionTakenError
   */
  bring(bytes: Buffer): void {
    this.bringNew()
    const view = this.#view
    for (let at = 0; at < bytes.length; at = view.end) {
      view.moveTo(bytes, at)
      if (view.isControl || view.schemaId.equals(this.#known)) continue
      this.#requireFor(view)
      this.#known = Buffer.from(view.schemaId)
    }
  }

  /** All versions, also one that is known and is the newest again: its number says so. */
  bringNew(): void {
    const folder = join(this.#folder, SCHEMAS)
    const changed = statSync(folder, { bigint: true, throwIfNoEntry: false })?.mtimeNs
    if (changed === this.#broughtOf) return
    takeAll(new FileSchemaRegistry({ derived: folder }), this.#to, [...this.#nameById.values()])
    this.#broughtOf = changed
  }

  #requireFor({ sourceId, schemaId, scn }: EventView): void {
    const name = this.#nameById.get(sourceId)
    const idHex = schemaId.toString('hex')
    if (name === undefined || this.#to.byId(idHex) !== undefined) return
    throw new EventLogSchemaMissingError(this.#folder, name, idHex, scn)
  }
}

function takeAll(from: SchemaRegistry, to: SchemaRegistry, names: readonly string[]): void {
  for (const name of names) {
    for (const { version, text } of from.versions(name)) to.takeOver(name, version, text)
  }
}
