import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { LaunchedProcess } from '../support/launched-process.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'

/*
 * A state folder that version 0.1.0 left behind, whose relay and client had read the first log of the quick start: places without
 * fingerprints, a checkpoint, derived schemas. This version goes on from it without a loss, and stores what it lacks.
 */
const ROOT = resolve(import.meta.dirname, '../..')
const FORMER = join(ROOT, 'test/testdata/former-state')
const LOGS = join(ROOT, 'samples/quickstart/binlog')
const CONSUMERS = join(ROOT, 'test/support/consumers.js')
const ROWS_OF_FIRST_LOG = 12
const DEADLINE_MS = 30_000

const folders: string[] = []
const launched: LaunchedProcess[] = []
afterEach(async () => {
  for (const each of launched.splice(0)) await each.stop('SIGKILL')
  for (const folder of folders.splice(0)) removeFolder(folder)
})

const SOURCES = '[bookshop.book, bookshop.customer, bookshop.sale]'
const DESCRIPTORS: Readonly<Record<string, string>> = {
  'bootstrap.yaml': `beans:
  bootstrapInfo:
    class: BootstrapInfo
    properties:
      applicationName: former state
      componentContainers:
        - { class: RelayRuntimeComponentContainer, properties: { config: ./relay-config.yaml } }
        - { class: ClientRuntimeComponentContainer, properties: { config: ./client-config.yaml } }
`,
  'relay-config.yaml': `beans:
  relay:
    class: DefaultRelayFactory
    properties:
      relayConfig: { relayProperties: { databus.relay.container.httpPort: 0 } }
      producerRegistrationList:
        - physicalSourceConfig: { uri: 'binlog:binlog/mysql-bin.index', sources: ${SOURCES} }
`,
  'client-config.yaml': `beans:
  client:
    class: DefaultClientFactory
    properties:
      consumerRegistrationList:
        - { id: bookshop, consumerFactory: { class: '${CONSUMERS}#LedgerFactory' }, logicalSources: ${SOURCES} }
`,
}

function launchIn(folder: string): LaunchedProcess {
  const process = LaunchedProcess.start(['bootstrap.yaml', '--admin', 'off'], {}, folder)
  launched.push(process)
  return process
}

function folderWithLogs(): string {
  const folder = newFolder('former')
  folders.push(folder)
  cpSync(LOGS, join(folder, 'binlog'), { recursive: true })
  for (const [name, text] of Object.entries(DESCRIPTORS)) writeFileSync(join(folder, name), text)
  return folder
}

test('what version 0.1.0 stored goes on without a loss, and proves itself from then on', async () => {
  const last = (lines: readonly string[]): boolean => lines.at(-1)?.startsWith('DELETE bookshop.customer 1 ') ?? false
  const whole = launchIn(folderWithLogs())
  const all = [...(await whole.untilOutput((lines) => lines.length > ROWS_OF_FIRST_LOG && last(lines), DEADLINE_MS))]
  const folder = folderWithLogs()
  cpSync(FORMER, join(folder, '.aesop'), { recursive: true })
  const rest = all.slice(ROWS_OF_FIRST_LOG)
  const again = launchIn(folder)
  await again.untilOutput((lines) => lines.length >= rest.length, DEADLINE_MS)
  expect(await again.stop('SIGTERM')).toBe(0)
  expect(again.output).toEqual(rest)
  const stored = JSON.parse(readFileSync(join(folder, '.aesop/maxscn/binlog-mysql-bin.index.json'), 'utf8')) as {
    scnSpace: string
    position: Record<string, unknown>
  }
  // The next start with the same files would be of the same SCN space, and the checkpoint has taken it on.
  expect(stored.scnSpace).toMatch(/^binlog-\d+-1-1$/)
  const checkpoint = readFileSync(join(folder, '.aesop/checkpoints/bookshop/current.json'), 'utf8')
  expect(checkpoint).toContain(`"scnSpace":"${stored.scnSpace}"`)
  expect(stored.position).toMatchObject({ log: { serverId: 1 }, event: { serverId: 1 } })
  expect(Object.keys(stored.position).sort()).toEqual([
    'ended',
    'event',
    'file',
    'generation',
    'log',
    'position',
    'reread',
  ])
})
