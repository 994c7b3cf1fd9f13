import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { Launched } from '../support/launched.ts'

const ROOT = resolve(import.meta.dirname, '../../../..')

/** A store of a user's own: it answers with promises, and takes its time between the parts of a save. */
const STORE = `import { Checkpoint } from '@aesop/checkpoint'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

export class SlowStore {
  constructor({ path }) {
    this.path = path
  }
  async load() {
    await sleep(5)
    const text = await readFile(this.path, 'utf8').catch(() => undefined)
    return text === undefined ? undefined : Checkpoint.parse(text)
  }
  async save(checkpoint) {
    await sleep(15)
    await writeFile(this.path + '.new', checkpoint.format())
    await sleep(15)
    await rename(this.path + '.new', this.path)
  }
  async clear() {
    await rm(this.path, { force: true })
  }
}
`
const CONSUMER = `import { writeSync } from 'node:fs'
export class Factory {
  createConsumer() {
    return {
      onDataEvent: ({ key, scn }) => void writeSync(1, 'row ' + key + '\\n'),
      onCheckpoint: (scn) => void writeSync(1, 'agreed ' + scn + '\\n'),
    }
  }
}
`
const bootstrap = (container: string): string =>
  `beans:\n  info: { class: BootstrapInfo, properties: { applicationName: ${container}, componentContainers: [${container}] } }\n`
const relayOf = (windows: number): string => `beans:
  relay:
    class: DefaultRelayFactory
    properties:
      relayConfig: { relayProperties: { databus.relay.container.httpPort: 0 } }
      producerRegistrationList:
        - physicalSourceConfig: { uri: 'memory:shop?eventsPerSecond=200&windows=${windows}', sources: [shop.item] }
`
const clientOf = (port: string, path: string): string => `beans:
  client:
    class: DefaultClientFactory
    properties:
      clientConfig: { relayClientConfigs: [{ relayPort: ${port} }] }
      consumerRegistrationList:
        - id: people
          consumerFactory: { class: ./consumer.mjs#Factory }
          checkpointStore: { class: ./store.mjs#SlowStore, properties: { path: '${path}' } }
          logicalSources: [shop.item]
`

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'aesop-store-'))
  readonly stored = join(this.path, 'people.json')
  readonly #running: Launched[] = []

  constructor() {
    symlinkSync(join(ROOT, 'node_modules'), join(this.path, 'node_modules'))
    this.write('launch.mjs', `import { main } from '@aesop/launch'\nawait main(process.argv.slice(2))\n`)
    this.write('client/store.mjs', STORE)
    this.write('client/consumer.mjs', CONSUMER)
  }

  write(name: string, text: string): void {
    const path = join(this.path, name)
    mkdirSync(resolve(path, '..'), { recursive: true })
    writeFileSync(path, text)
  }
  launch(folder: string, ...args: string[]): Launched {
    const launched = new Launched(args, join(this.path, folder), {}, join(this.path, 'launch.mjs'))
    this.#running.push(launched)
    return launched
  }
  /** SCN of the checkpoint that is kept; −1: none is. */
  get scn(): number {
    if (!existsSync(this.stored)) return -1
    return Number(/"windowScn":(-?\d+)/.exec(readFileSync(this.stored, 'utf8'))?.[1])
  }
  [Symbol.dispose](): void {
    for (const launched of this.#running) launched[Symbol.dispose]()
    rmSync(this.path, { recursive: true, force: true })
  }
}

const numbers = (text: string, word: string): number[] =>
  [...text.matchAll(new RegExp(`^${word} (\\d+)$`, 'gm'))].map(([, number]) => Number(number))

test('a checkpointStore of a descriptor that answers with promises is never ahead of the consumer, through kills and a stop', async () => {
  const windows = 900
  using folder = new Folder()
  folder.write('relay/bootstrap.yaml', bootstrap('relay'))
  folder.write('relay/relay-config.yaml', relayOf(windows))
  const relay = folder.launch('relay', 'bootstrap.yaml', '--admin', 'off')
  await relay.until('relay is ready')
  const port = /http:\/\/127\.0\.0\.1:(\d+)|listens[^\n]*?(\d{4,5})/.exec(relay.stderr)?.slice(1).find(Boolean) ?? ''
  folder.write('client/bootstrap.yaml', bootstrap('client'))
  folder.write('client/client-config.yaml', clientOf(port, folder.stored))
  const rows: number[] = []
  for (let kill = 0; kill < 3; kill++) {
    const before = folder.scn
    const client = folder.launch('client', 'bootstrap.yaml', '--admin', 'off')
    // Some windows beyond those that were seen before: a save is under way at nearly every moment.
    await client.until(`\nagreed ${Math.max(before, rows.at(-1) ?? 0) + 40 + kill * 7}\n`)
    client.signal('SIGKILL')
    const { stdout } = await client.ended
    const agreed = numbers(stdout, 'agreed')
    expect(folder.scn).toBeLessThanOrEqual(agreed.at(-1) ?? -1)
    expect(folder.scn).toBeGreaterThanOrEqual(before)
    rows.push(...numbers(stdout, 'row'))
  }
  const last = folder.launch('client', 'bootstrap.yaml', '--admin', 'off')
  await last.until(`\nagreed ${windows}\n`)
  last.signal('SIGTERM')
  const { code, stdout } = await last.ended
  expect(code).toBe(0)
  expect(folder.scn).toBe(windows)
  rows.push(...numbers(stdout, 'row'))
  expect([...new Set(rows)].sort((a, b) => a - b)).toEqual(
    Array.from({ length: windows }, (_, i) => (rows[0] as number) + i),
  )
  const shown = await folder.launch('client', 'state', 'show', 'bootstrap.yaml', '--json').ended
  expect(JSON.parse(shown.stdout)).toMatchObject([
    { keptIn: 'the checkpointStore of the registration "people"', place: { scn: windows } },
  ])
  const set = ['state', 'set', 'bootstrap.yaml', '--registration', 'people', '--to', '7', '--yes']
  expect(await folder.launch('client', ...set).ended).toMatchObject({ code: 0 })
  expect(folder.scn).toBe(7)
}, 90_000)
