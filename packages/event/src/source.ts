/** One stream of one schema, usually a table. */
export interface LogicalSource {
  /** 1–32767 on the wire; unique within a relay. */
  readonly id: number
  readonly name: string
}
