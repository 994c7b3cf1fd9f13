/** One line of the sample's consumer. */
export interface PersonChange {
  readonly opcode: 'UPSERT' | 'DELETE'
  readonly key: string
  readonly scn: string
  readonly row: Readonly<Record<string, unknown>>
}

/** Eight row changes in six transactions; the first inserts three people at once. */
export const STATEMENTS = [
  "INSERT INTO or_test.person (first_name, last_name, balance) VALUES ('Ada', 'Lovelace', 1815.12), ('Grace', 'Hopper', 1906.09), ('Mary', 'Somerville', 1780.26)",
  "UPDATE or_test.person SET balance = balance + 0.01 WHERE first_name = 'Ada'",
  "INSERT INTO or_test.person (first_name, last_name, balance) VALUES ('김', '점동', 1877.03)",
  "UPDATE or_test.person SET last_name = 'Fairfax' WHERE first_name = 'Mary'",
  "DELETE FROM or_test.person WHERE first_name = 'Grace'",
  "INSERT INTO or_test.person (first_name, last_name, balance) VALUES ('Emmy', 'Noether', 99999999.99)",
]

export function renderChange({ opcode, key, scn, row }: PersonChange): string {
  const mark = opcode === 'DELETE' ? '−' : '+'
  const name = `${String(row['first_name'])} ${String(row['last_name'])}`
  return `${mark} person ${key}  SCN ${scn}  ${String(row['balance']).padStart(12)}  ${name}`
}

/** Whether applying the changes in order gives exactly the rows of the table. */
export function samePeople(changes: readonly PersonChange[], table: readonly Record<string, unknown>[]): boolean {
  const copy = new Map<string, unknown>()
  for (const { opcode, key, row } of changes) {
    if (opcode === 'DELETE') copy.delete(key)
    else copy.set(key, [key, row['first_name'], row['last_name'], row['balance']])
  }
  const rows = table.map((person) => [
    String(person['id']),
    person['first_name'],
    person['last_name'],
    String(person['balance']),
  ])
  return JSON.stringify([...copy.values()]) === JSON.stringify(rows)
}
