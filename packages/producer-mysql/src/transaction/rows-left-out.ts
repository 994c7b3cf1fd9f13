/** Thrown to end the delivery of an event's rows before the row that a record of a quarantine names; seen by nobody else. */
export class RowsLeftOut extends Error {}
