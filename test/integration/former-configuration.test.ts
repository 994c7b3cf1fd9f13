import { type EventConsumer } from '@aesop/client'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { OneProcess } from '../support/one-process.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { until } from '../support/until.ts'

/* A column is left out of a source whose buffer is files: nobody gets it any more, and nothing but it is missing. */

const TABLE = 'app.person'

class Keeper implements EventConsumer {
  readonly rows: unknown[] = []
  onDataEvent({ row }: { readonly row: unknown }): void {
    this.rows.push(structuredClone(row))
  }
}

/** What a reader is given that has seen this window: bytes, or why not. */
async function streamAfter(running: OneProcess, scn: bigint): Promise<string> {
  const maxev = running.relay.buffer?.eventVersion === 2 ? 2 : 0
  const base = `http://127.0.0.1:${running.relay.address?.port ?? 0}`
  const [source] = (await (await fetch(`${base}/sources`)).json()) as { id: number }[]
  const checkPoint = `{"windowScn":${scn},"prevScn":${scn},"windowOffset":-1,"consumption_mode":"ONLINE_CONSUMPTION"}`
  const answer = await fetch(
    `${base}/stream?sources=${source?.id ?? 0}&size=1000000&output=binary&maxev=${maxev}&checkPoint=${encodeURIComponent(checkPoint)}`,
  )
  return answer.headers.get('x-dbus-error-cause-message') ?? Buffer.from(await answer.arrayBuffer()).toString('latin1')
}

/** The schema that was derived, as people would write it without the column. */
function leaveOutSalary(folder: string): void {
  const derived = join(folder, '.aesop', 'schemas', `${TABLE}.1.avsc`)
  const schema = JSON.parse(readFileSync(derived, 'utf8')) as { fields: { name: string }[]; meta: string }
  const fields = schema.fields.filter(({ name }) => name !== 'salary')
  expect(fields.length).toBe(schema.fields.length - 1)
  mkdirSync(join(folder, 'written'))
  const text = JSON.stringify({ ...schema, fields, meta: schema.meta.replace('derived=true;', '') })
  writeFileSync(join(folder, 'written', `${TABLE}.1.avsc`), text)
}

describe.each([
  ['MariaDB', () => MariadbServer.start()],
  ['MySQL', () => MysqlServer.start()],
])('a source of %s', (_name, start) => {
  let server: MariadbServer | MysqlServer
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.destroy())

  test.each([1, 2] as const)(
    'a column that is left out is served to nobody after a restart, not from files and not late, in version %i',
    async (eventVersion) => {
      const folder = newFolder('former-configuration')
      onTestFinished(() => {
        removeFolder(folder)
      })
      await server.query('DROP DATABASE IF EXISTS app; CREATE DATABASE app')
      await server.query(`CREATE TABLE ${TABLE} (id INT PRIMARY KEY, name VARCHAR(20), salary VARCHAR(20))`)
      const started = (consumer: Keeper): Promise<OneProcess> => {
        const relayProperties = {
          'databus.relay.eventBuffer.allocationPolicy': 'MMAPPED_MEMORY',
          'databus.relay.schemaRegistry.fileSystem.schemaDir': 'written',
        }
        return OneProcess.start({
          uri: server.uri(),
          sources: [TABLE],
          eventVersion,
          startFrom: 'latest',
          bufferBytes: 1 << 22,
          consumers: { keeper: consumer },
          folder,
          relayProperties,
        })
      }
      const before = new Keeper()
      let began: bigint
      let reached: bigint
      {
        await using running = await started(before)
        for (const id of [1, 2, 3]) await server.query(`INSERT INTO ${TABLE} VALUES (${id}, 'Ada', 'secret-${id}')`)
        await until('three rows', () => before.rows.length === 3)
        const { buffer } = running.relay
        if (buffer === undefined) throw new Error('a relay that runs has a buffer')
        began = buffer.prevScn
        reached = buffer.lastScn
        await until('the checkpoint', () => running.checkpointOf('keeper') >= reached)
        expect(await streamAfter(running, began)).toContain('Ada')
      }
      leaveOutSalary(folder)
      for (const time of ['the first time', 'once more, though nothing came']) {
        await using running = await started(new Keeper())
        expect(await streamAfter(running, began), time).toContain('was configured otherwise at SCN')
        // Of files that were set aside the process tells that did it.
        const { detail } = running.relay.health()
        if (time === 'the first time') expect(detail).toMatch(/\.segment\.other: its source had another configuration/)
        else expect(detail).toBeUndefined()
      }
      const after = new Keeper()
      await using running = await started(after)
      const refused = await streamAfter(running, began)
      expect(refused).toContain('was configured otherwise at SCN')
      await server.query(`INSERT INTO ${TABLE} VALUES (4, 'Bob', 'secret-4')`)
      await until('the fourth row', () => after.rows.length > 0)
      expect(after.rows).toEqual([{ id: 4, name: 'Bob' }])
      expect(running.failures).toEqual([])
      const files = readdirSync(join(folder, '.aesop', 'buffer', 'shop')).filter((name) => name.endsWith('.segment'))
      for (const name of files)
        expect(readFileSync(join(folder, '.aesop', 'buffer', 'shop', name), 'latin1')).not.toContain('secret')
    },
    60_000,
  )

  test('a buffer in memory that is filled again has what is captured now, and nobody is given a row twice', async () => {
    const folder = newFolder('former-configuration')
    onTestFinished(() => {
      removeFolder(folder)
    })
    await server.query('DROP DATABASE IF EXISTS app; CREATE DATABASE app')
    await server.query(`CREATE TABLE ${TABLE} (id INT PRIMARY KEY, name VARCHAR(20), salary VARCHAR(20))`)
    const started = (consumer: Keeper): Promise<OneProcess> =>
      OneProcess.start({
        uri: server.uri(),
        sources: [TABLE],
        startFrom: 'latest',
        bufferBytes: 1 << 22,
        consumers: { keeper: consumer },
        folder,
        relayProperties: { 'databus.relay.schemaRegistry.fileSystem.schemaDir': 'written' },
      })
    const before = new Keeper()
    let began: bigint
    {
      await using running = await started(before)
      for (const id of [1, 2, 3]) await server.query(`INSERT INTO ${TABLE} VALUES (${id}, 'Ada', 'secret-${id}')`)
      await until('three rows', () => before.rows.length === 3)
      began = running.relay.buffer?.prevScn ?? -1n
      await until('the checkpoint', () => running.checkpointOf('keeper') >= (running.relay.buffer?.lastScn ?? -1n))
    }
    leaveOutSalary(folder)
    const after = new Keeper()
    await using running = await started(after)
    await server.query(`INSERT INTO ${TABLE} VALUES (4, 'Bob', 'secret-4')`)
    await until('the fourth row', () => after.rows.length > 0)
    expect(after.rows).toEqual([{ id: 4, name: 'Bob' }])
    const filled = await streamAfter(running, began)
    expect(filled).toContain('Ada')
    expect(filled).not.toContain('secret')
  })
})
