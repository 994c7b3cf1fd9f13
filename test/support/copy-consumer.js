/*
 * Writes rows of the database `shop` into tables of the same names in the database `copy` of a server, as plain JavaScript for processes
 * of their own. Each sequence is one transaction.
 */
import { createConnection } from 'mysql2/promise'

const COLUMNS = { 'shop.item': ['id', 'name', 'more'], 'shop.tag': ['word', 'more'] }

export class CopyFactory {
  constructor({ port }) {
    this.port = port
  }

  async createConsumer({ partition }) {
    const connection = await createConnection({
      host: '127.0.0.1',
      port: this.port,
      user: 'copier',
      password: 'copied',
    })
    return new CopyConsumer(connection, partition.id)
  }
}

class CopyConsumer {
  constructor(connection, partition) {
    this.connection = connection
    this.partition = partition
    this.changes = []
  }

  async onStartBootstrap(_signal, { complete }) {
    if (!complete || this.partition !== 0) return
    for (const source of Object.keys(COLUMNS)) await this.connection.query(`DELETE FROM ${copyOf(source)}`)
  }

  onDataEvent(event) {
    const columns = COLUMNS[event.source.name]
    this.changes.push({
      source: event.source.name,
      opcode: event.opcode,
      values: columns.map((name) => event.row[name]),
    })
  }

  async onEndDataEventSequence() {
    await this.connection.query('BEGIN')
    for (const run of runsOf(this.changes)) await this.write(run)
    await this.connection.query('COMMIT')
    this.changes = []
  }

  /** Neighbours of one table and one kind are one statement. */
  async write({ source, opcode, rows }) {
    const columns = COLUMNS[source]
    if (opcode === 'DELETE') {
      const keys = rows.map(([key]) => key)
      await this.connection.query(`DELETE FROM ${copyOf(source)} WHERE ${columns[0]} IN (?)`, [keys])
      return
    }
    await this.connection.query(`REPLACE INTO ${copyOf(source)} (${columns.join(', ')}) VALUES ?`, [rows])
  }

  async onSchemaChange({ kind, source }) {
    if (kind === 'TRUNCATE' && this.partition === 0) await this.connection.query(`TRUNCATE ${copyOf(source)}`)
  }

  async onRollback() {
    await this.connection.query('ROLLBACK')
    this.changes = []
  }

  async onStopConsumption() {
    await this.connection.end()
  }
}

const copyOf = (source) => source.replace('shop.', 'copy.')

function runsOf(changes) {
  const runs = []
  for (const { source, opcode, values } of changes) {
    const last = runs.at(-1)
    if (last?.source === source && last.opcode === opcode) last.rows.push(values)
    else runs.push({ source, opcode, rows: [values] })
  }
  return runs
}
