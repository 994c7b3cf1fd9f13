/** A transaction of the source that somebody asked to go past, because it can't be captured. */
export interface PassOver {
  /** Where it begins in the log. */
  readonly file: string
  readonly position: number
  /** Its identifier where it has one. */
  readonly gtid?: string
  /**
   * CRC-32 of its first event. A log that was reset has another transaction at the same place, which may even have the same
   * identifier.
   */
  readonly crc?: number
}

/** A transaction that was passed over: none of its changes reached the sink. */
export interface PassedOver extends PassOver {
  /** How many events that hold rows each table had; the rows in them were not looked at. */
  readonly rowsEvents: Readonly<Record<string, number>>
}
