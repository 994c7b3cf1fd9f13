/*
 * A process with few file descriptors, whose other parts take all that are left while a producer follows a log. Prints what
 * became of the producer, as JSON. Argument: the folder of the log, in which a second file waits to be listed.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { FileMaxScnStore } from '@aesop/checkpoint'
import { type BeanContext, silentLogger } from '@aesop/kernel'
import { PhysicalSourceConfig } from '@aesop/producer'
import { MemorySchemaRegistry } from '@aesop/schema'
import { until } from '../../../test/support/until.ts'
import { WindowLedger } from '../../../test/support/window-ledger.ts'
import { MysqlEventProducer } from '../src/mysql-event-producer.ts'

const folder = process.argv[2] ?? ''
const failures: string[] = []
const context: BeanContext = {
  id: 'producer',
  container: 'relay',
  log: silentLogger,
  signal: new AbortController().signal,
  projectsRoot: folder,
  stateDirectory: folder,
  shared: new Map(),
  fail: () => undefined,
}

/** Opens files until there is none to be had. */
function takeAll(): number[] {
  const taken: number[] = []
  for (;;) {
    try {
      taken.push(openSync('/dev/null', 'r'))
    } catch {
      return taken
    }
  }
}

const physicalSource = new PhysicalSourceConfig({
  uri: 'binlog:mysql-bin.index',
  name: 'bookshop',
  sources: ['bookshop.book', 'bookshop.customer', 'bookshop.sale'],
})
const schemas = new MemorySchemaRegistry()
const producer = new MysqlEventProducer({ physicalSourceConfig: physicalSource }, context)
const fail = ({ message }: Error): void => void failures.push(message)
const maxScn = new FileMaxScnStore(join(folder, 'maxscn.json'))
const since = await producer.prepare({ physicalSource, schemas, maxScn, initialScn: undefined, fail })
const ledger = new WindowLedger(schemas)
await producer.start(since, ledger)
const hasEnded = (): boolean => failures.length > 0
await until('rows', () => ledger.rows.length > 3)
const before = ledger.rows.length

const index = openSync(join(folder, 'mysql-bin.index'), 'a')
const taken = takeAll()
writeSync(index, './mysql-bin.000002\n')
// Before it looks at its log it may find that it can not store its place, which is not what is asked here.
await until('the fault', () => hasEnded() || producer.health().detail?.startsWith('binary log') === true)
const { status, detail } = producer.health()
for (const file of taken) closeSync(file)
await until('the last row', () => hasEnded() || ledger.rows.at(-1)?.row['name'] === 'Ada')
await until('good health', () => hasEnded() || producer.health().status === 'up')
const scns = ledger.windows.map(({ scn }) => scn)
const told = { failures, status, detail, more: ledger.rows.length > before, once: new Set(scns).size === scns.length }
process.stdout.write(JSON.stringify(told))
await producer.stop()
