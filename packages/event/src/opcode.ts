/** What happened to a row. Databus does not tell an insert from an update: both are UPSERT. */
export type Opcode = 'UPSERT' | 'DELETE'
