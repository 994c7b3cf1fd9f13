import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { EventView } from '@aesop/event'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { MariadbServer } from '../support/mariadb-server.ts'
import { type MysqlSourceOptions } from '@aesop/producer-mysql'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'

const NOTHING = { max: 0 }

describe('a source that reads nothing late begins where the registrations of its process stand', () => {
  let server: MariadbServer
  const open: ProducerRig[] = []
  let nextId = 1

  beforeAll(async () => {
    server = await MariadbServer.start({ durable: true })
    await server.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)')
  })
  afterEach(async () => {
    lateReaders = NOTHING
    for (const rig of open.splice(0)) await rig.producer.stop()
  })
  afterAll(async () => {
    await server.destroy()
  })

  function keep(rig: ProducerRig): ProducerRig {
    open.push(rig)
    return rig
  }

  async function insert(count: number): Promise<number[]> {
    const ids = Array.from({ length: count }, () => nextId++)
    for (const id of ids) await server.query('INSERT INTO shop.item VALUES (?)', [id])
    return ids
  }

  /** A source that has read these rows and was stopped. */
  let lateReaders: NonNullable<MysqlSourceOptions['lateReaders']> = NOTHING
  async function stopped(...changes: (() => Promise<unknown>)[]): Promise<ProducerRig> {
    const rig = await keep(
      new ProducerRig({ uri: server.uri(), name: 'shop', sources: ['shop.item'], lateReaders }),
    ).start()
    for (const change of changes) await change()
    await rig.arrived(nextId - firstId)
    await rig.producer.stop()
    return rig
  }
  let firstId = 1

  it('which may be in an older log than the one in which it had stopped', async () => {
    firstId = nextId
    const first = await stopped(
      () => insert(5),
      () => server.query('FLUSH BINARY LOGS'),
      () => insert(5),
    )
    const seen = first.ledger.windows.find(({ rows }) => rows.at(-1)?.row['id'] === firstId + 1)?.scn ?? -1n
    const again = keep(first.afresh(seen))
    expect(await again.prepare()).toBe(seen)
    await again.producer.start(seen, again.ledger)
    const later = await insert(2)
    await again.arrived(10)
    expect(again.ledger.ids).toEqual([...first.ledger.ids.slice(2), ...later])
    const scns = (rig: ProducerRig): bigint[] => rig.ledger.windows.filter((w) => w.rows.length > 0).map((w) => w.scn)
    expect(scns(again).slice(0, 8)).toEqual(scns(first).slice(2))
  })

  it('with the rows of an XA transaction that was prepared before them and committed after them', async () => {
    firstId = nextId
    const prepared = nextId++
    const xa = await server.connect()
    const first = await stopped(
      () => xa.query(`XA START 'x'; INSERT INTO shop.item VALUES (${prepared}); XA END 'x'; XA PREPARE 'x'`),
      () => insert(3),
      () => xa.query(`XA COMMIT 'x'`),
      () => insert(1),
    )
    await xa.end()
    const rows = first.ledger.windows.filter((window) => window.rows.length > 0)
    expect(first.ledger.ids.slice(-2)[0]).toBe(prepared)
    const again = keep(first.afresh(rows[1]?.scn ?? -1n))
    const seen = await again.prepare()
    expect(seen).toBe(rows[1]?.scn)
    await again.producer.start(seen, again.ledger)
    await again.arrived(3)
    expect(again.ledger.ids).toEqual(first.ledger.ids.slice(2))
  })

  it('and where it had stopped when their log is gone', async () => {
    firstId = nextId
    const first = await stopped(
      () => insert(3),
      () => server.query('FLUSH BINARY LOGS'),
      () => insert(3),
    )
    const [seen] = first.ledger.windows.filter(({ rows }) => rows.length > 0)
    await server.query(`PURGE BINARY LOGS TO '${(await server.query('SHOW MASTER STATUS'))[0]?.['File'] as string}'`)
    const again = keep(first.afresh(seen?.scn ?? 0n))
    expect(await again.prepare()).toBe(first.ledger.windows.at(-1)?.scn)
  })

  it('and where it had stopped when they are further than it is', async () => {
    firstId = nextId
    const first = await stopped(() => insert(3))
    const last = first.ledger.windows.at(-1)?.scn ?? 0n
    expect(await keep(first.afresh(last + 100n)).prepare()).toBe(last)
  })

  it.each([
    ['by the places that it has kept', false],
    ['from the log that their SCN names, where it has kept none, as a former version', true],
  ])('but where it reads late it begins where it had stopped, and they are served late: %s', async (_how, forgets) => {
    lateReaders = { max: 2 }
    firstId = nextId
    const first = await stopped(
      () => insert(5),
      () => server.query('FLUSH BINARY LOGS'),
      () => insert(5),
    )
    const rows = first.ledger.windows.filter((window) => window.rows.length > 0)
    const seen = rows[1]?.scn ?? -1n
    if (forgets) rmSync(join(first.stateDirectory, 'places'), { recursive: true })
    const again = keep(first.afresh(seen))
    const began = await again.prepare()
    expect(began).toBe(first.ledger.windows.at(-1)?.scn)
    await again.producer.start(began, again.ledger)
    const reader = again.producer.lateReading?.readFrom(seen)
    expect(await reader?.seek(seen, -1)).toEqual({ kind: 'found' })
    const scns: bigint[] = []
    await until('the rest', async () => {
      const step = await reader?.next(1 << 16)
      if (step?.kind !== 'chunk') return false
      const view = new EventView()
      for (let at = 0; at < step.bytes.length; at = view.end) {
        view.moveTo(step.bytes, at)
        if (!view.isEndOfPeriod) scns.push(view.scn)
      }
      step.release()
      return scns.length >= 8
    })
    reader?.close()
    expect(scns).toEqual(rows.slice(2).map(({ scn }) => scn))
  })
})
