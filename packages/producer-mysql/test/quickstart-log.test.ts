import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { silentLogger } from '@aesop/kernel'
import { LogicalSourceConfig, PhysicalSourceConfig } from '@aesop/producer'
import { MemorySchemaRegistry } from '@aesop/schema'
import { BinlogDecoder } from '../src/decoder/binlog-decoder.ts'
import { FileBinlogStream } from '../src/stream/file-binlog-stream.ts'
import { RecordingSink } from './recorded-log.ts'

const INDEX = fileURLToPath(new URL('../../../samples/quickstart/binlog/mysql-bin.index', import.meta.url))

it('the recorded book shop tells its story across both logs, without what was rolled back', async () => {
  const schemas = new MemorySchemaRegistry()
  const sink = new RecordingSink(schemas)
  const tables = ['book', 'customer', 'sale']
  const decoder = new BinlogDecoder({
    physicalSource: new PhysicalSourceConfig({
      uri: `binlog:${INDEX}`,
      sources: tables.map((table, i) => new LogicalSourceConfig({ id: i + 1, uri: `bookshop.${table}` })),
    }),
    schemas,
    sink,
    generation: 0,
    log: silentLogger,
    onWindow: () => undefined,
  })
  const stream = new FileBinlogStream({ indexPath: INDEX })
  await new Promise<void>((resolve, reject) => {
    const onCaughtUp = resolve
    const onEvent = decoder.onEvent.bind(decoder)
    stream
      .open(stream.earliest(), { onEvent, onCaughtUp, onRotate: decoder.onRotate.bind(decoder) }, reject)
      .catch(reject)
  }).finally(() => stream.close())
  expect(sink.changes.length).toBeGreaterThanOrEqual(20)
  expect(new Set(sink.windows.map(({ scn }) => scn >> 32n))).toEqual(new Set([1n, 2n]))
  expect(sink.changes.filter(({ source }) => source === 3).map(({ row }) => row['copies'])).toEqual([1, 2, 1, 1])
  expect(sink.changes.at(-1)).toMatchObject({ opcode: 'DELETE', row: { name: 'Ada' } })
  // The ids that a Java client computes.
  expect(tables.map((table) => schemas.latest(`bookshop.${table}`)?.idHex)).toEqual([
    'fe65615d9473c5fd7d8eeb14c5514a7c',
    'd37e85563e208baf2364ea7ad9d7d87f',
    'ea754ac3fff9b68e02a038df06303c0d',
  ])
})
