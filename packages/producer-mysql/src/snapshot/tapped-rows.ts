import { type Connection } from 'mysql2'
import { MysqlClientChangedError } from '../error/live-errors.ts'

/*
 * With `zongji-tap.ts` and `server-connection.ts` the file that knows the insides of mysql2: rows of a prepared statement are
 * taken as the packets that they come in. A packet lies in `buffer` from `start` to `end`, its header of four bytes included.
 */
const PACKET_HEADER_BYTES = 4
const ROW_MARKER = 0x00

interface Packet {
  readonly sequenceId: number
  readonly numPackets: number
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

interface Inside {
  handlePacket(packet?: Packet): void
  sequenceId: number
  _paused: boolean
}

/** What a result is made of; bytes are valid during the call only. */
export interface RowListener {
  /** Types of the columns, by the codes of the protocol. @throws what ends the reading */
  onColumns(types: readonly number[]): void
  /** A row begins at `at`. It must not throw. */
  onRow(bytes: Buffer, at: number, end: number): void
}

/** Rows of one statement. Resolves when the last one has come. @throws what mysql2, the server, or the listener gave */
export async function readRows(connection: Connection, sql: string, listener: RowListener): Promise<void> {
  const inside = insideOf(connection)
  const statement = await prepared(connection, sql)
  const types = statement.columns.map(({ columnType }) => columnType)
  const original = inside.handlePacket.bind(inside)
  try {
    listener.onColumns(types)
    // A head with the number of columns, one packet for each of them, and the end of those.
    let before = types.length + 2
    inside.handlePacket = function (packet) {
      const isRow =
        packet !== undefined && !this._paused && before <= 0 && packet.buffer[packet.start + 4] === ROW_MARKER
      if (!isRow) {
        if (packet !== undefined && !this._paused) before--
        original(packet)
        return
      }
      this.sequenceId = (packet.sequenceId + packet.numPackets) & 0xff
      listener.onRow(packet.buffer, packet.start + PACKET_HEADER_BYTES, packet.end)
    }
    await executed(statement)
  } finally {
    // What the class of the connection has is in its place again.
    Reflect.deleteProperty(inside, 'handlePacket')
    connection.unprepare(sql)
  }
}

interface Statement {
  readonly columns: readonly { readonly columnType: number }[]
  execute(values: readonly unknown[], done: (error: Error | null) => void): void
}

function prepared(connection: Connection, sql: string): Promise<Statement> {
  return new Promise((resolve, reject) => {
    connection.prepare(sql, (error, statement) => {
      if (error === null) resolve(statement as unknown as Statement)
      else reject(error)
    })
  })
}

function executed(statement: Statement): Promise<void> {
  return new Promise((resolve, reject) => {
    statement.execute([], (error) => {
      if (error === null) resolve()
      else reject(error)
    })
  })
}

function insideOf(connection: Connection): Inside {
  const inside = connection as unknown as Inside
  const wanted: [boolean, string][] = [
    [typeof inside.handlePacket === 'function', 'handlePacket'],
    [typeof inside.sequenceId === 'number', 'sequenceId'],
    [typeof inside._paused === 'boolean', '_paused'],
  ]
  for (const [holds, name] of wanted) {
    if (!holds) throw new MysqlClientChangedError(`mysql2's connection has no ${name}`)
  }
  return inside
}
