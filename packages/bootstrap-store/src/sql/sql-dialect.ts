/** What homes of the store say differently. */
export interface SqlDialect {
  readonly integer: string
  /** Of a column that counts rows by itself. */
  readonly risingId: string
  readonly bytes: string
  /** Of bytes that are looked up: at most 1,100 of them. */
  readonly keyBytes: string
  readonly text: string
  /** Of text that is looked up: at most 255 characters, compared as they are. */
  readonly keyText: string
  readonly tableEnd: string
  /** A statement that has a row where there is a table of this name. */
  readonly tableNamed: string
  /** An index among the columns of a table; empty: it is made by a statement of its own. */
  indexWithin(name: string, columns: string): string
  /** The statement; undefined: it stands within the table. */
  indexAfter(table: string, name: string, columns: string): string | undefined
  /** Enters `rows` rows of (row_key, scn, is_deleted, seeding, bytes): a greater SCN replaces, an equal one too. */
  upsertOfStream(table: string, rows: number): string
  /** The same for rows of a chunk: a greater SCN replaces, an equal one does not; each is marked as met by the seeding. */
  upsertOfChunk(table: string, rows: number): string
  /** Undefined: a row that comes alone costs no more than its part of many. */
  readonly joining: JoinedRows | undefined
}

/** Many rows of a select of (id, bytes), in the order of their ids, as one. */
export interface JoinedRows {
  /** (id of the last one, rows, sum of their lengths). */
  lengths(select: string): string
  /** (rows, sum of their lengths, their bytes one behind the other). */
  joined(select: string): string
}

const COLUMNS = 'row_key, scn, is_deleted, seeding, bytes'

function insertInto(table: string, rows: number): string {
  return `INSERT INTO ${table} (${COLUMNS}) VALUES ${new Array(rows).fill('(?, ?, ?, ?, ?)').join(', ')}`
}

/** What is assigned reads the values of before, so that the order does not matter. */
export const sqliteDialect: SqlDialect = {
  integer: 'INTEGER',
  risingId: 'INTEGER PRIMARY KEY',
  bytes: 'BLOB',
  keyBytes: 'BLOB',
  text: 'TEXT',
  keyText: 'TEXT',
  tableEnd: '',
  tableNamed: `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`,
  indexWithin: () => '',
  indexAfter: (table, name, columns) => `CREATE INDEX IF NOT EXISTS ${name} ON ${table} (${columns})`,
  upsertOfStream: (table, rows) => `${insertInto(table, rows)} ON CONFLICT (row_key) DO UPDATE SET
    scn = excluded.scn, is_deleted = excluded.is_deleted, bytes = excluded.bytes WHERE excluded.scn >= ${table}.scn`,
  upsertOfChunk: (table, rows) => `${insertInto(table, rows)} ON CONFLICT (row_key) DO UPDATE SET
    seeding = excluded.seeding,
    scn = max(excluded.scn, ${table}.scn),
    is_deleted = CASE WHEN excluded.scn > ${table}.scn THEN 0 ELSE ${table}.is_deleted END,
    bytes = CASE WHEN excluded.scn > ${table}.scn THEN excluded.bytes ELSE ${table}.bytes END`,
  joining: {
    lengths: (select) => `SELECT max(id), count(*), sum(length(bytes)) FROM (${select})`,
    // A text is taken over byte by byte, as the blobs are that are made one.
    joined: (select) => `SELECT count(*), sum(length(bytes)), CAST(group_concat(bytes, '') AS BLOB) FROM (${select})`,
  },
}
