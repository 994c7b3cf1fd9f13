import { type BinLogEvent } from '../log/binlog-event.ts'
import { type RowDeliveryOptions } from './row-delivery.ts'
import { type HeldXaOptions } from './held-room.ts'
import { type StatementEffectsOptions } from '../shape/statement-effects.ts'
import { type WindowPosition } from '../log/window-position.ts'

/** What a transaction of the log is read with. */
export interface BinlogTransactionOptions extends StatementEffectsOptions, RowDeliveryOptions {
  readonly generation: number
  /** Where XA transactions wait for their verdict; left out: in memory. */
  readonly heldXa?: HeldXaOptions
  readonly onWindow: (scn: bigint, position: WindowPosition) => void
  /** A transaction with this GTID is over and gave no window: whoever resumes by GTID need not ask for it again. */
  readonly onPassed?: (gtid: string) => void
  /** Another log has begun, and nothing is open: whoever resumes need not read the log before it any more. */
  readonly onMoved?: (position: WindowPosition) => void
  readonly emptyWindowEveryMs: number
  /** A window of this SCN or above is closed as soon as its place is reached, be it empty; −1: none has to. */
  readonly reachScn: bigint
  /** Windows up to this SCN are there already and are not delivered again; −1: none is. */
  readonly sinceScn: bigint
  /** Runs an event through its processor, as if it stood in the log. */
  readonly dispatch: (event: BinLogEvent) => Promise<void> | undefined
}
