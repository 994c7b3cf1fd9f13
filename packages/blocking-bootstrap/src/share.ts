import { type Barrier } from './barrier.ts'
import { type Ticket } from './ticket-row.ts'

/** Events one after the other in memory, and where those of one partition begin. */
export interface Piece {
  readonly bytes: Buffer
  readonly offsets: readonly number[]
}

/** What one partition's consumer is given as one sequence: a window of the stream, rows of a table, or the end of the rows. */
export interface Share {
  readonly kind: 'window' | 'rows' | 'rows-end'
  /** SCN of the window; of rows, the SCN that the stream had come to when they were given. */
  readonly scn: bigint
  readonly timestampNanos: bigint
  readonly rows: number
  /** What it takes of the room. */
  readonly bytes: number
  /** Anew each time that it is asked for: what failed is given again. */
  readonly pieces: () => Iterable<Piece> | AsyncIterable<Piece>
  readonly ticket: Ticket
  /** Of a window with changes of tables: where all partitions meet. */
  readonly barrier: Barrier | undefined
}
