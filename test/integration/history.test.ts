import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { extent } from '../support/extent.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { type PrivateServer } from '../support/private-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { copyData, MARIADB, MYSQL, type ServerKind } from '../support/server-history.ts'
import { until } from '../support/until.ts'
import { SERVER_PASSWORD } from '../support/markers.ts'

/*
 * What may happen to the history of a server, while the relay is up, stopped in order, or killed; at its first start, when it
 * has read nothing, and later. Either every row arrives once, in order, or the source ends by name: never silence.
 */
type Relay = 'up' | 'down' | 'killed'
type Start = 'first' | 'later'

const RELAYS: readonly Relay[] = ['up', 'down', 'killed']
const STARTS: readonly Start[] = ['first', 'later']
const CASES = RELAYS.flatMap((relay) => STARTS.map((start) => ({ relay, start })))

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
})

/** A server with a table, and a source on it in the state that the case asks for. */
class Scene {
  readonly kind: ServerKind
  server!: PrivateServer
  proxy!: FaultProxy
  rig!: ProducerRig
  readonly expected: number[] = []
  nextId = 1

  constructor(kind: ServerKind) {
    this.kind = kind
  }

  /** On a server that serves several cases, or on one of its own. */
  async begin(server?: PrivateServer): Promise<this> {
    this.server = server ?? this.keep(await this.kind.start())
    await this.server.query(
      'DROP DATABASE IF EXISTS h; CREATE DATABASE h; CREATE TABLE h.t (id INT PRIMARY KEY, v INT)',
    )
    await this.server.query(`CREATE USER IF NOT EXISTS follower IDENTIFIED BY '${SERVER_PASSWORD}'`)
    await this.server.query('GRANT REPLICATION SLAVE ON *.* TO follower')
    this.proxy = await FaultProxy.start(this.server.port)
    open.push(this.proxy)
    return this
  }

  keep(server: PrivateServer): PrivateServer {
    open.push({ close: () => server.destroy() })
    return server
  }

  /** `first`: read nothing yet; `later`: rows were read, over two starts. */
  async startSource(start: Start): Promise<void> {
    const uri = this.server.uri(this.proxy.port)
    this.rig = await this.watched(new ProducerRig({ uri, name: 'h', sources: ['h.t'] })).start()
    if (start === 'first') return
    await this.insert(5)
    await this.arrived()
    await this.rig.producer.stop()
    await this.startAgain()
    await this.insert(5)
    await this.arrived()
  }

  /** Ends the source as the case says, and gives what starts it again. */
  async endSource(relay: Relay): Promise<void> {
    if (relay === 'up') return
    const saved = this.rig.maxScn.load()
    await this.rig.producer.stop()
    if (relay !== 'killed' || saved === undefined) return
    // A killed process saves nothing more, and what came after the last save has to come again.
    this.rig.maxScn.save(saved)
    this.rig.ledger.forgetAfter(saved.scn)
  }

  async startAgain(): Promise<void> {
    this.rig = this.watched(this.rig.again())
    await this.rig.start()
  }

  private watched(rig: ProducerRig): ProducerRig {
    open.push({ close: () => rig.producer.stop() })
    return rig
  }

  /** Rows that have to arrive, unless they are of a history that is lost. */
  async insert(count: number, counts = true): Promise<void> {
    for (let i = 0; i < count; i++) {
      const id = this.nextId++
      await this.server.query('INSERT INTO h.t VALUES (?, 0)', [id])
      if (counts) this.expected.push(id)
    }
  }

  async arrived(): Promise<void> {
    await this.rig.arrived(this.expected.length)
    expect(this.rig.ledger.ids).toEqual(this.expected)
  }

  /** The source must say that the log is another one: at its start, or while it runs. It must not have delivered anything else. */
  async endsByName(relay: Relay): Promise<void> {
    const error = relay === 'up' ? await this.failure() : await this.failureOfStart()
    expect(error).toMatchObject({ code: 'AESOP_MYSQL_LOG_RESET', canRetry: false })
    // What a killed relay had not saved is lost with the history.
    const { ids } = this.rig.ledger
    expect(ids).toEqual(this.expected.slice(0, relay === 'killed' ? ids.length : undefined))
  }

  private async failure(): Promise<unknown> {
    await until('the source to end', () => this.rig.failures.length > 0)
    return this.rig.failures[0]
  }

  private async failureOfStart(): Promise<unknown> {
    try {
      await this.startAgain()
    } catch (error) {
      return error
    }
    return this.failure()
  }
}

async function expectFollowed(scene: Scene): Promise<void> {
  await scene.insert(3)
  await scene.arrived()
  // And again from what was stored then.
  await scene.rig.producer.stop()
  await scene.insert(2)
  await scene.startAgain()
  await scene.insert(2)
  await scene.arrived()
  expect(scene.rig.failures).toEqual([])
}

describe.each([MARIADB, MYSQL])('the history of $name,', (kind) => {
  let server: PrivateServer
  beforeAll(async () => {
    server = await kind.start()
  })
  afterAll(async () => {
    await server.destroy()
  })

  describe('was reset, and has other rows now', () => {
    it.each(CASES.flatMap((each) => [2, 40].map((rows) => ({ ...each, rows }))))(
      'relay $relay, $start start, $rows rows',
      async ({ relay, start, rows }) => {
        const scene = await new Scene(kind).begin(server)
        await scene.startSource(start)
        await scene.endSource(relay)
        if (relay === 'up') scene.proxy.cut()
        await kind.reset(scene.server)
        await scene.insert(rows, false)
        await scene.endsByName(relay)
      },
    )
  })

  describe('was set back to an older copy, and has grown beyond the place with the same identifiers', () => {
    const cases = CASES.filter(({ start }) => start === 'later')
    it.each(kind === MARIADB ? cases : extent(cases.slice(0, 1), cases.slice(1)))(
      'relay $relay, $start start',
      async ({ relay, start }) => {
        const scene = await new Scene(kind).begin(server)
        await scene.server.stop()
        const copy = copyData(scene.server)
        await scene.server.restart()
        await scene.startSource(start)
        await scene.endSource(relay)
        await scene.server.stop()
        copy.putBack()
        // Seconds tell one log from another where nothing else does.
        await scene.server.restart()
        await scene.insert(40, false)
        await scene.endsByName(relay)
      },
    )
  })

  describe('goes on when logs are rotated and purged while nothing is written', () => {
    it.each(CASES)('relay $relay, $start start', async ({ relay, start }) => {
      const scene = await new Scene(kind).begin(server)
      await scene.startSource(start)
      for (let i = 0; i < 2; i++) {
        await scene.server.purge()
        // The source sees the new log before the next one is begun.
        await movedTo(scene)
      }
      await scene.endSource(relay)
      if (relay === 'up') scene.proxy.cut()
      else await scene.startAgain()
      await expectFollowed(scene)
    })
  })

  describe('goes on when another server takes over', () => {
    // Two servers each: the cases that differ.
    const cases: typeof CASES = [
      { relay: 'up', start: 'later' },
      { relay: 'down', start: 'first' },
      { relay: 'killed', start: 'later' },
    ]
    it.each(kind === MARIADB ? cases : extent(cases.slice(0, 1), cases.slice(1)))(
      'relay $relay, $start start',
      async ({ relay, start }) => {
        const scene = await new Scene(kind).begin()
        await scene.startSource(start)
        const replica = scene.keep(await kind.start({ serverId: 22, lines: kind.replicaLines }))
        await kind.follow(replica, scene.server)
        await scene.endSource(relay)
        scene.proxy.retarget(replica.port)
        scene.proxy.cut()
        scene.server = replica
        if (relay !== 'up') await scene.startAgain()
        await expectFollowed(scene)
        const scns = scene.rig.ledger.windows.map(({ scn }) => scn >> 52n)
        expect(scns.at(-1)).toBe(1n)
      },
    )
  })

  it('goes on when the log is rotated while an XA transaction waits, with its rows', async () => {
    const scene = await new Scene(kind).begin(server)
    await scene.startSource('later')
    const session = await server.connect()
    const id = scene.nextId++
    await session.query(`XA START 'x'; INSERT INTO h.t VALUES (${id}, 0); XA END 'x'; XA PREPARE 'x'`)
    await session.end()
    await server.query('FLUSH BINARY LOGS')
    await scene.insert(2)
    await scene.arrived()
    await scene.endSource('down')
    await scene.startAgain()
    await server.query("XA COMMIT 'x'")
    scene.expected.push(id)
    await scene.insert(1)
    await scene.arrived()
  })

  describe('without checksums', () => {
    let plain: PrivateServer
    beforeAll(async () => {
      plain = await kind.start({ lines: ['binlog-checksum=NONE'] })
    })
    afterAll(async () => {
      await plain.destroy()
    })

    it('goes on where it was, and was not reset without being noticed', async () => {
      const scene = await new Scene(kind).begin(plain)
      await scene.startSource('later')
      await scene.endSource('down')
      const stored = scene.rig.maxScn.load()?.position as { event?: { crc: number } } | undefined
      expect(stored?.event?.crc).toBeGreaterThan(0)
      await scene.startAgain()
      await expectFollowed(scene)
      await scene.endSource('down')
      await kind.reset(plain)
      await scene.insert(60, false)
      await scene.endsByName('down')
    })
  })
})

/** Waits until what is stored lies in the newest log. */
async function movedTo(scene: Scene): Promise<void> {
  const logs = await scene.server.query<{ Log_name: string }>('SHOW BINARY LOGS')
  await until('the stored place to be in the newest log', () => {
    const stored = scene.rig.maxScn.load()?.position as { file?: string } | undefined
    return stored?.file === logs.at(-1)?.Log_name
  })
}

describe('a MariaDB server that was told to forget a domain', () => {
  it.each(RELAYS)('goes on (relay %s)', async (relay) => {
    const scene = await new Scene(MARIADB).begin()
    await scene.startSource('later')
    await scene.server.query('SET SESSION gtid_domain_id=77')
    await scene.insert(1)
    await scene.server.query('SET SESSION gtid_domain_id=0')
    await scene.insert(1)
    await scene.arrived()
    for (let i = 0; i < 3; i++) {
      await scene.server.query('FLUSH BINARY LOGS')
      await scene.insert(1)
    }
    await scene.arrived()
    await scene.server.purge()
    await scene.server.query('FLUSH BINARY LOGS DELETE_DOMAIN_ID=(77)')
    await scene.insert(1)
    await scene.arrived()
    await scene.endSource(relay)
    await scene.insert(1)
    if (relay === 'up') scene.proxy.cut()
    else await scene.startAgain()
    await expectFollowed(scene)
  })
})
