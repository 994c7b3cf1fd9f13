import { type MysqlSourceOptions } from '@aesop/producer-mysql'
import { type SnapshotChunk, type SnapshotReader, type SnapshotRequest } from '@aesop/reading'
import { ProducerRig } from './producer-rig.ts'
import { until } from './until.ts'
import { ValueSink } from './value-sink.ts'

/** A source whose stream goes into a `ValueSink`, and whose tables are read beside it. */
export class SnapshotRig {
  readonly sink: ValueSink
  readonly rig: ProducerRig

  constructor(options: MysqlSourceOptions, sink: ValueSink = new ValueSink()) {
    this.sink = sink
    this.rig = new ProducerRig(options)
  }

  async start(): Promise<this> {
    const scn = await this.rig.prepare()
    await this.rig.producer.start(scn, this.sink)
    return this
  }

  get reader(): SnapshotReader {
    const { snapshotReader } = this.rig.producer
    if (snapshotReader === undefined) throw new Error('the source reads no snapshots')
    return snapshotReader
  }

  read(request: SnapshotRequest, signal = new AbortController().signal): Promise<SnapshotChunk> {
    return this.reader.readChunk(request, signal)
  }

  /** All chunks of a table. */
  async chunks(source: string, maxRows: number, where?: string): Promise<SnapshotChunk[]> {
    const chunks: SnapshotChunk[] = []
    for (let after: string | undefined; ;) {
      const chunk = await this.read({ source, maxRows, after, where })
      chunks.push(chunk)
      if (chunk.next === undefined) return chunks
      after = chunk.next
    }
  }

  async arrived(sourceId: number, count: number): Promise<void> {
    await until(`${count} keys`, () => {
      const [failure] = this.rig.failures
      if (failure !== undefined) throw failure
      return this.sink.of(sourceId).size >= count
    })
  }

  async stop(): Promise<void> {
    await this.rig.producer.stop()
  }
}
