import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import ZongJi from '@vlasky/zongji'
import mysql from 'mysql2'
import { describe, expect, it } from 'vitest'
import { MysqlClientChangedError } from '../src/error/live-errors.ts'
import { checkPacketParser, ZongjiTap } from '../src/stream/zongji-tap.ts'
import { Impostor, TWO_WELCOMES } from './impostor.ts'

const require = createRequire(import.meta.url)

describe('the tap into zongji and mysql2', () => {
  it('was written for the versions that are installed', () => {
    const declared = (require('../package.json') as { dependencies: Record<string, string> }).dependencies
    for (const name of ['mysql2', '@vlasky/zongji']) {
      const manifest = readFileSync(join(dirname(require.resolve(name)), 'package.json'), 'utf8')
      expect((JSON.parse(manifest) as { version: string }).version, name).toBe(declared[name])
    }
  })

  it('finds every inside that it relies on', async () => {
    const listener = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => listener.once('listening', resolve))
    const address = listener.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const connection = mysql.createConnection({ host: '127.0.0.1', port })
    connection.on('error', () => undefined)
    try {
      for (const name of ['handlePacket', 'sequenceId', '_paused', '_command', 'packetParser', 'stream']) {
        expect(Reflect.has(connection, name), name).toBe(true)
      }
      expect(() => {
        checkPacketParser(connection)
      }).not.toThrow()
    } finally {
      connection.destroy()
      listener.close()
    }
    expect(Object.hasOwn(new ZongJi({}), 'connection')).toBe(true)
    expect(Object.hasOwn(new ZongJi({}), 'ctrlConnection')).toBe(true)
  })

  it('hears of a connection that breaks before the other one is there', async () => {
    const impostor = await Impostor.start({ answer: TWO_WELCOMES })
    const server = { host: '127.0.0.1', port: impostor.port, user: 'aesop', password: 'x' }
    const tap = new ZongjiTap({ ...server, serverId: 7, connectTimeoutMs: 3000, preamble: [] })
    const error = await new Promise((resolve) => {
      tap.start({ filename: 'log.000001', position: 4 }, { onEvent: () => undefined, onError: resolve })
    })
    expect(error).toMatchObject({ code: 'PROTOCOL_UNEXPECTED_PACKET' })
    await tap.stop()
    impostor.close()
  })

  it('refuses by name a packet parser that has changed', () => {
    class Silent {
      execute(): void {
        // Gives no packet.
      }
    }
    class Shifted {
      private readonly take: (packet: object) => void
      constructor(take: (packet: object) => void) {
        this.take = take
      }
      execute(chunk: Buffer): void {
        this.take({ sequenceId: 5, numPackets: 1, buffer: chunk, start: 1, end: chunk.length })
      }
    }
    for (const packetParser of [undefined, {}, new Silent(), new Shifted(() => undefined)]) {
      expect(() => {
        checkPacketParser({ packetParser })
      }).toThrow(MysqlClientChangedError)
    }
  })

  it('stops although it was never connected', async () => {
    const tap = new ZongjiTap({
      host: '127.0.0.1',
      port: 1,
      user: 'a',
      password: 'b',
      serverId: 1,
      connectTimeoutMs: 100,
      preamble: [],
    })
    await tap.stop()
    await tap.stop()
  })
})
