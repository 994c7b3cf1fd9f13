import { type SqlDialect } from '../sql/sql-dialect.ts'

const COLUMNS = 'row_key, scn, is_deleted, seeding, bytes'
const rowsOf = (rows: number): string => new Array(rows).fill('(?, ?, ?, ?, ?)').join(', ')

/** Assignments are made from left to right, each with what those before have made: the SCN comes last. */
export const mysqlDialect: SqlDialect = {
  integer: 'BIGINT',
  risingId: 'BIGINT PRIMARY KEY AUTO_INCREMENT',
  bytes: 'LONGBLOB',
  keyBytes: 'VARBINARY(1100)',
  // LONGTEXT can't be told from LONGBLOB when it comes back.
  text: 'VARCHAR(4000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  keyText: 'VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  tableEnd: ' ENGINE = InnoDB',
  tableNamed: 'SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?',
  indexWithin: (name, columns) => `, KEY ${name} (${columns})`,
  indexAfter: () => undefined,
  upsertOfStream: (table, rows) => `INSERT INTO ${table} (${COLUMNS}) VALUES ${rowsOf(rows)} ON DUPLICATE KEY UPDATE
    is_deleted = IF(VALUES(scn) >= scn, VALUES(is_deleted), is_deleted),
    bytes = IF(VALUES(scn) >= scn, VALUES(bytes), bytes),
    scn = GREATEST(VALUES(scn), scn)`,
  upsertOfChunk: (table, rows) => `INSERT INTO ${table} (${COLUMNS}) VALUES ${rowsOf(rows)} ON DUPLICATE KEY UPDATE
    seeding = VALUES(seeding),
    is_deleted = IF(VALUES(scn) > scn, 0, is_deleted),
    bytes = IF(VALUES(scn) > scn, VALUES(bytes), bytes),
    scn = GREATEST(VALUES(scn), scn)`,
  joining: undefined,
}
