import { eventLayout, EventView } from '@aesop/event'
import { formatJson } from '@aesop/kernel'
import { type StreamOutput } from '@aesop/wire'

/** The events as JSON, one per line, with the keys of Databus' version 1 events in their order. */
export function formatEvents(bytes: Buffer, output: Exclude<StreamOutput, 'binary'>): string {
  const view = new EventView(bytes, 0)
  let lines = ''
  for (let at = 0; at < bytes.length; at = view.end) lines += `${formatEvent(view.moveTo(bytes, at), output)}\n`
  return lines
}

function formatEvent(view: EventView, output: Exclude<StreamOutput, 'binary'>): string {
  const { opcode, key } = view
  return formatJson({
    ...(opcode === undefined ? {} : { opcode }),
    ...(typeof key === 'string' ? { keyBytes: Buffer.from(key).toString('base64') } : { key }),
    sequence: view.scn,
    logicalPartitionId: view.logicalPartition,
    physicalPartitionId: view.physicalPartition,
    timestampInNanos: view.timestampNanos,
    srcId: view.sourceId,
    schemaId: view.schemaId.toString('base64'),
    valueEnc: output === 'json' ? 'JSON' : 'JSON_PLAIN_VALUE',
    isReplicated: (view.attributes & eventLayout.ATTRIBUTE_REPLICATED) !== 0,
    ...(view.isEndOfPeriod ? { endOfPeriod: true } : {}),
    value: view.value.toString(output === 'json' ? 'base64' : 'utf8'),
  })
}
