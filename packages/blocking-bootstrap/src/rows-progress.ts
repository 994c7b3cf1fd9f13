import { CheckpointUnwritableError } from '@aesop/checkpoint'
import { formatJson, parseJson, readIfThere, writeFileAtomicallyAsync } from '@aesop/kernel'
import { ProgressUnreadableError } from './errors.ts'

/** How far a table is read. */
export interface TableProgress {
  /** Where its next chunk begins; undefined: at its beginning, or it is read. */
  readonly cursor: string | undefined
  readonly isRead: boolean
  /** How many rows were given; those that the stream gave instead are not among them. */
  readonly rows: number
  /** SCN that the stream had come to when its last rows were given: all of its rows agree from there on. */
  readonly scn: bigint
}

/** How far the tables of a source are given to their consumers. */
export interface RowsProgress {
  readonly scnSpace: string | undefined
  readonly tables: Readonly<Record<string, TableProgress>>
  /** Whether the consumers were told that the rows are over. */
  readonly hasEnded: boolean
}

/** Keeps it; whole or not at all, like a `MaxScnStore`. */
export interface RowsProgressStore {
  /** For people. */
  readonly keptIn: string
  load(): RowsProgress | undefined | Promise<RowsProgress | undefined>
  save(progress: RowsProgress): void | Promise<void>
}

/** In one JSON file. */
export class FileRowsProgress implements RowsProgressStore {
  readonly keptIn: string

  constructor(path: string) {
    this.keptIn = path
  }

  /** @throws ProgressUnreadableError */
  load(): RowsProgress | undefined {
    try {
      const text = readIfThere(this.keptIn)
      return text === undefined ? undefined : parse(text)
    } catch (error) {
      throw new ProgressUnreadableError(this.keptIn, error)
    }
  }

  /** @throws CheckpointUnwritableError, as a rejection */
  async save({ scnSpace, tables, hasEnded }: RowsProgress): Promise<void> {
    try {
      await writeFileAtomicallyAsync(this.keptIn, `${formatJson({ format: FORMAT, scnSpace, hasEnded, tables })}\n`)
    } catch (error) {
      throw new CheckpointUnwritableError(this.keptIn, error)
    }
  }
}

const FORMAT = 1

type Stored = Readonly<Record<keyof TableProgress, unknown>>

function parse(text: string): RowsProgress {
  const json = parseJson(text) as Readonly<Record<string, unknown>> | null
  const { format, scnSpace, hasEnded, tables } = json ?? {}
  if (format !== FORMAT) throw new Error(`its format is ${formatJson(format ?? null)}, expected ${FORMAT}`)
  if (typeof tables !== 'object' || tables === null) throw new Error('it has no tables')
  const entries = Object.entries(tables as Readonly<Record<string, Stored>>)
  return {
    scnSpace: typeof scnSpace === 'string' ? scnSpace : undefined,
    hasEnded: hasEnded === true,
    tables: Object.fromEntries(entries.map(([name, table]) => [name, parseTable(name, table)])),
  }
}

function parseTable(name: string, { cursor, isRead, rows, scn }: Stored): TableProgress {
  const isInteger = typeof scn === 'bigint' || (typeof scn === 'number' && Number.isInteger(scn))
  if (typeof isRead !== 'boolean' || !Number.isSafeInteger(rows) || !isInteger)
    throw new Error(`the table ${name} is no progress`)
  return { cursor: typeof cursor === 'string' ? cursor : undefined, isRead, rows: Number(rows), scn: BigInt(scn) }
}
