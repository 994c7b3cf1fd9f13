import { MariadbServer } from '../support/mariadb-server.ts'

/** A place in the log and how many rows follow it. */
export interface Workload {
  readonly table: string
  readonly rows: number
  readonly transactions: number
  readonly file: string
  readonly position: number
}

const BATCH_ROWS = 500_000
const BATCH_ROWS_PER_TRANSACTION = 500
const SINGLE_TRANSACTIONS = 200_000

/** The table of the figures: five columns, about 60 bytes a row in the log. */
const COLUMNS = `id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(64) NOT NULL, amount DECIMAL(10,2), created DATETIME, n INT`
const WIDE_COLUMNS = Array.from(
  { length: 10 },
  (_, i) => `i${i} INT, s${i} VARCHAR(32), d${i} DECIMAL(12,4), t${i} DATETIME(6)`,
)
const row = (n: string): string => `CONCAT('person number ', ${n}), (${n}) % 100000 / 100, '2024-01-02 03:04:05', ${n}`

/** A private MariaDB for measurements: row metadata FULL, checksum CRC32, no waiting for the disk. */
export async function measuringServer(): Promise<MariadbServer> {
  const server = await MariadbServer.start({ lines: ['max-binlog-size=1G', 'innodb-buffer-pool-size=512M'] })
  await server.query('CREATE DATABASE bench')
  return server
}

async function place(server: MariadbServer): Promise<{ file: string; position: number }> {
  await server.query('FLUSH BINARY LOGS')
  const [status] = await server.query<{ File: string; Position: number }>('SHOW MASTER STATUS')
  if (status === undefined) throw new Error('the server writes no binary log')
  return { file: status.File, position: status.Position }
}

async function fill(
  server: MariadbServer,
  table: string,
  perTransaction: number,
  transactions: number,
  values: string,
): Promise<void> {
  await server.query(`CREATE PROCEDURE bench.fill_${table}() BEGIN
    DECLARE k INT DEFAULT 0;
    WHILE k < ${transactions} DO
      INSERT INTO bench.${table} SELECT NULL, ${values} FROM seq_1_to_${perTransaction};
      SET k = k + 1;
    END WHILE; END`)
  await server.query(`CALL bench.fill_${table}()`)
}

/** 500,000 rows in transactions of 500. */
export async function batchWorkload(server: MariadbServer): Promise<Workload> {
  await server.query(`CREATE TABLE bench.batch (${COLUMNS})`)
  const at = await place(server)
  const transactions = BATCH_ROWS / BATCH_ROWS_PER_TRANSACTION
  await fill(server, 'batch', BATCH_ROWS_PER_TRANSACTION, transactions, row(`k * ${BATCH_ROWS_PER_TRANSACTION} + seq`))
  return { table: 'bench.batch', rows: BATCH_ROWS, transactions, ...at }
}

/** Transactions of one row; 200,000 unless more are asked for. */
export async function singleWorkload(server: MariadbServer, transactions = SINGLE_TRANSACTIONS): Promise<Workload> {
  await server.query(`CREATE TABLE bench.single (${COLUMNS})`)
  const at = await place(server)
  await fill(server, 'single', 1, transactions, row('k'))
  return { table: 'bench.single', rows: transactions, transactions, ...at }
}

/** Every row of `bench.batch` changed once, 500 at a time. */
export async function updateWorkload(server: MariadbServer): Promise<Workload> {
  await server.query(`CREATE TABLE bench.changed (${COLUMNS})`)
  const transactions = 400
  await fill(
    server,
    'changed',
    BATCH_ROWS_PER_TRANSACTION,
    transactions,
    row(`k * ${BATCH_ROWS_PER_TRANSACTION} + seq`),
  )
  const at = await place(server)
  await server.query(`CREATE PROCEDURE bench.change_all() BEGIN
    DECLARE k INT DEFAULT 0;
    WHILE k < ${transactions} DO
      UPDATE bench.changed SET n = n + 1 WHERE id > k * ${BATCH_ROWS_PER_TRANSACTION} AND id <= (k + 1) * ${BATCH_ROWS_PER_TRANSACTION};
      SET k = k + 1;
    END WHILE; END`)
  await server.query('CALL bench.change_all()')
  const [changed] = await server.query<{ rows: number }>(
    `SELECT COUNT(*) AS \`rows\` FROM bench.changed WHERE id <= ${transactions * BATCH_ROWS_PER_TRANSACTION}`,
  )
  return { table: 'bench.changed', rows: changed?.rows ?? 0, transactions, ...at }
}

/** 100,000 rows of 41 columns, 100 at a time. */
export async function wideWorkload(server: MariadbServer): Promise<Workload> {
  await server.query(
    `CREATE TABLE bench.wide (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, ${WIDE_COLUMNS.join(', ')})`,
  )
  const at = await place(server)
  const values = Array.from({ length: 10 }, () => `seq, CONCAT('text ', seq), seq / 7, '2024-01-02 03:04:05.678901'`)
  await fill(server, 'wide', 100, 1000, values.join(', '))
  return { table: 'bench.wide', rows: 100_000, transactions: 1000, ...at }
}
