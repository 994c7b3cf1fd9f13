import { type ChangeEvent, type EventConsumer } from '@aesop/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { OneProcess } from '../support/one-process.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { until } from '../support/until.ts'

/* A real table whose key is BINARY, through relays whose events are of either version, to a client that reads them either way. */

const KEYS = ['00ff41', 'fe0000', 'ffffff'] as const
const SOURCES = ['app.raw', 'app.plain']

class Keeper implements EventConsumer {
  readonly got: unknown[] = []
  onDataEvent({ opcode, key, keyBytes, source, row, partition }: ChangeEvent): void {
    const bytes = keyBytes === undefined ? undefined : Buffer.from(keyBytes).toString('utf8')
    this.got.push({ opcode, key, bytes, source: source.name, row: structuredClone(row), physical: partition.physical })
  }
}

describe('a table with a BINARY key', () => {
  let server: MariadbServer
  let folder: string
  beforeAll(async () => {
    server = await MariadbServer.start()
    folder = newFolder('event-version')
    await server.query('CREATE DATABASE app')
    await server.query('CREATE TABLE app.raw (id BINARY(3) PRIMARY KEY, note VARCHAR(20))')
    await server.query('CREATE TABLE app.plain (id INT PRIMARY KEY)')
    for (const key of KEYS) await server.query(`INSERT INTO app.raw VALUES (x'${key}', 'käse')`)
    await server.query(`UPDATE app.raw SET note = NULL WHERE id = x'fe0000'`)
    await server.query(`DELETE FROM app.raw WHERE id = x'ffffff'`)
    await server.query('INSERT INTO app.plain VALUES (1), (2)')
  })
  afterAll(async () => {
    removeFolder(folder)
    await server.destroy()
  })

  async function received(eventVersion: 1 | 2, relayTransport: 'direct' | 'http'): Promise<readonly unknown[]> {
    const consumer = new Keeper()
    const options = { uri: server.uri(), sources: SOURCES, bufferBytes: 1 << 20, consumers: { keeper: consumer } }
    const own = `${folder}/${eventVersion}-${relayTransport}`
    await using running = await OneProcess.start({ ...options, folder: own, eventVersion, relayTransport })
    await until('all rows', () => consumer.got.length >= 7)
    expect([running.failures, running.relay.buffer?.eventVersion]).toEqual([[], eventVersion])
    return consumer.got
  }

  it('has its bytes as hex digits in the key, its text in keyBytes, and is the same in both versions', async () => {
    const first = await received(1, 'direct')
    const keyOf = (each: unknown): unknown[] => {
      const { opcode, key, bytes, row } = each as { opcode: string; key: unknown; bytes: unknown; row: { id: unknown } }
      return [opcode, key, bytes, row.id]
    }
    expect(first.slice(0, 5).map(keyOf)).toEqual(
      [...KEYS, 'fe0000', 'ffffff'].map((hex, i) => [
        i === 4 ? 'DELETE' : 'UPSERT',
        hex,
        hex,
        Uint8Array.from(Buffer.from(hex, 'hex')),
      ]),
    )
    expect(first.slice(5).map(keyOf)).toEqual([
      ['UPSERT', 1n, undefined, 1],
      ['UPSERT', 2n, undefined, 2],
    ])
    for (const [version, transport] of [
      [1, 'http'],
      [2, 'direct'],
      [2, 'http'],
    ] as const)
      expect(await received(version, transport)).toEqual(first)
  })
})
