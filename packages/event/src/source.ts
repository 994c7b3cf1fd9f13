/** One stream of one schema, usually a table. */
export interface LogicalSource {
  /** 1–32767 on the wire; unique within a relay. */
  readonly id: number
  readonly name: string
}

/** Source id of the event that closes a window, in every version. */
export const SOURCE_ID_END_OF_PERIOD = -2
