import { EventView } from '@aesop/event'
import { type StreamOutput } from '@aesop/wire'
import { StringDecoder } from 'node:string_decoder'

/** Bytes of values that one piece of text is made of: a multiple of three, so that base64 can be cut there. */
const PIECE_BYTES = 12 * 1024

/**
 * The events as JSON, one per line, with the keys of Databus' version 1 events in their order. The text comes in pieces, of
 * which each takes a short time to make, however large an event is.
 */
export function* formatEvents(bytes: Buffer, output: Exclude<StreamOutput, 'binary'>): Generator<string> {
  const view = new EventView(bytes, 0)
  let lines = ''
  for (let at = 0; at < bytes.length; at = view.end) {
    view.moveTo(bytes, at)
    lines += formatHead(view, output)
    for (const text of formatValue(view.value, output)) {
      lines += text
      if (lines.length < PIECE_BYTES) continue
      yield lines
      lines = ''
    }
    lines += '"}\n'
  }
  yield lines
}

/** Everything before the value: numbers and base64, so that nothing has to be escaped. */
function formatHead(view: EventView, output: Exclude<StreamOutput, 'binary'>): string {
  const { opcode } = view
  const key = view.hasByteKey ? `"keyBytes":"${view.keyBytes.toString('base64')}"` : `"key":${String(view.key)}`
  return (
    `{${opcode === undefined ? '' : `"opcode":"${opcode}",`}${key},"sequence":${view.scn}` +
    `,"logicalPartitionId":${view.logicalPartition},"physicalPartitionId":${view.physicalPartition}` +
    `,"timestampInNanos":${view.timestampNanos},"srcId":${view.sourceId}` +
    `,"schemaId":"${view.schemaId.toString('base64')}","valueEnc":"${output === 'json' ? 'JSON' : 'JSON_PLAIN_VALUE'}"` +
    `,"isReplicated":${view.isReplicated}` +
    `${view.isEndOfPeriod ? ',"endOfPeriod":true' : ''},"value":"`
  )
}

function* formatValue(value: Buffer, output: Exclude<StreamOutput, 'binary'>): Generator<string> {
  const decoder = new StringDecoder(output === 'json' ? 'base64' : 'utf8')
  const escaped = (text: string): string => (output === 'json' ? text : JSON.stringify(text).slice(1, -1))
  for (let at = 0; at < value.length; at += PIECE_BYTES) {
    yield escaped(decoder.write(value.subarray(at, at + PIECE_BYTES)))
  }
  yield escaped(decoder.end())
}
