import { readFileSync } from 'node:fs'
import { silentLogger } from '@aesop/kernel'
import { MemorySchemaRegistry } from '@aesop/schema'
import { BinlogDecoder, type BinlogDecoderOptions } from '../src/decoder/binlog-decoder.ts'
import { recordingPath, RecordingSink, sourceOf } from './recorded-log.ts'

/** The events of a recording, without their checksums. */
export function eventsOf(recording: string): Buffer[] {
  const log = readFileSync(recordingPath(recording).replace('.index', '.000001'))
  const events: Buffer[] = []
  for (let at = 4; at < log.length; at += log.readUInt32LE(at + 9)) {
    events.push(Buffer.from(log.subarray(at, at + log.readUInt32LE(at + 9) - 4)))
  }
  return events
}

/** A decoder at the beginning of the log `shapes`, without empty windows, and its sink. */
export function decoderFor(
  uris: string[],
  more: Partial<BinlogDecoderOptions> = {},
): { decoder: BinlogDecoder; sink: RecordingSink } {
  const schemas = more.schemas ?? new MemorySchemaRegistry()
  const sink = new RecordingSink(schemas)
  const physicalSource = sourceOf('shapes', uris)
  const fixed = { physicalSource, schemas, sink, generation: 0, log: silentLogger, onWindow: () => undefined }
  const decoder = new BinlogDecoder({ ...fixed, emptyWindowEveryMs: Infinity, ...more })
  decoder.onRotate('mysql-bin.000001', 4)
  return { decoder, sink }
}

export async function feed(decoder: BinlogDecoder, events: readonly Buffer[]): Promise<void> {
  for (const event of events) await decoder.onEvent(event, 0, event.length)
}
