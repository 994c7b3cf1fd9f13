import { type BinlogOrigin } from './binlog-origin.ts'
import { type BinlogHandler, type BinlogPosition } from './binlog-stream.ts'
import { type GateFinding, ResumeGate } from './resume-gate.ts'

/**
 * Reads a log from its beginning up to a place, without its rows: which event ends there, and how many transactions ended
 * beyond 4 GiB before. Takes as long as the server takes to send that part of its log.
 *
 * @throws MysqlLogResetError when no event ends there; AesopError of the connection
 */
export async function examineLog(origin: BinlogOrigin, at: BinlogPosition): Promise<GateFinding> {
  const nobody: BinlogHandler = { onEvent: () => undefined, onRotate: () => undefined }
  const place = { ...at, scn: -1n, gtid: undefined, serverIdentity: undefined, generation: 0 }
  const stream = origin.stream({ ...place, byGtid: false, flavour: undefined, describesTables: true })
  try {
    return await new Promise<GateFinding>((resolve, reject) => {
      // A stream that can begin nowhere but at the beginning.
      const gate = new ResumeGate({ ...origin.gateFacts, place: at, seekMax: -1, handler: nobody, onOpen: resolve })
      stream.open(gate.begin, gate, reject).catch(reject)
    })
  } finally {
    await stream.close()
  }
}
