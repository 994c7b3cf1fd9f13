/** Codes of column types in table maps. */
export const ColumnType = {
  DECIMAL: 0,
  TINY: 1,
  SHORT: 2,
  LONG: 3,
  FLOAT: 4,
  DOUBLE: 5,
  NULL: 6,
  TIMESTAMP: 7,
  LONGLONG: 8,
  INT24: 9,
  DATE: 10,
  TIME: 11,
  DATETIME: 12,
  YEAR: 13,
  NEWDATE: 14,
  VARCHAR: 15,
  BIT: 16,
  TIMESTAMP2: 17,
  DATETIME2: 18,
  TIME2: 19,
  BLOB_COMPRESSED: 140,
  VARCHAR_COMPRESSED: 141,
  VECTOR: 242,
  JSON: 245,
  NEWDECIMAL: 246,
  ENUM: 247,
  SET: 248,
  TINY_BLOB: 249,
  MEDIUM_BLOB: 250,
  LONG_BLOB: 251,
  BLOB: 252,
  VAR_STRING: 253,
  STRING: 254,
  GEOMETRY: 255,
} as const

const CHARACTER_TYPES = new Set<number>([
  ColumnType.VARCHAR,
  ColumnType.VARCHAR_COMPRESSED,
  ColumnType.BLOB_COMPRESSED,
  ColumnType.TINY_BLOB,
  ColumnType.MEDIUM_BLOB,
  ColumnType.LONG_BLOB,
  ColumnType.BLOB,
  ColumnType.VAR_STRING,
  ColumnType.STRING,
  ColumnType.VECTOR,
])
const NUMERIC_TYPES = new Set<number>([
  ColumnType.TINY,
  ColumnType.SHORT,
  ColumnType.INT24,
  ColumnType.LONG,
  ColumnType.LONGLONG,
  ColumnType.FLOAT,
  ColumnType.DOUBLE,
  ColumnType.NEWDECIMAL,
  ColumnType.DECIMAL,
  ColumnType.YEAR,
])

/** Whether the table map lists a collation for the column; MariaDB counts geometries as well. */
export function isCharacterType(type: number, mariadb: boolean): boolean {
  return CHARACTER_TYPES.has(type) || (mariadb && type === ColumnType.GEOMETRY)
}

/** Whether the table map has a bit for the column's sign. */
export function isNumericType(type: number): boolean {
  return NUMERIC_TYPES.has(type)
}

export function isEnumOrSet(type: number): boolean {
  return type === ColumnType.ENUM || type === ColumnType.SET
}
