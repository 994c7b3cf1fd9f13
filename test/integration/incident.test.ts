import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fileNumberOf, formatBinlogScn } from '@aesop/producer-mysql'
import { MariadbServer } from '../support/mariadb-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'
import { ROW_TEXT } from '../support/markers.ts'

interface LogEvent {
  readonly Log_name: string
  readonly Pos: number
  readonly Event_type: string
  readonly End_log_pos: number
}

describe('a server that could not write changes to its log', () => {
  let server: MariadbServer
  const rigs: ProducerRig[] = []

  beforeAll(async () => {
    server = await MariadbServer.start({
      lines: ['binlog-stmt-cache-size=4096', 'max-binlog-stmt-cache-size=4096'],
    })
    await server.query(`CREATE DATABASE s; CREATE TABLE s.k (id INT PRIMARY KEY);
      CREATE TABLE s.t (id INT PRIMARY KEY, b TEXT) ENGINE=MyISAM`)
  })
  afterEach(async () => {
    for (const { producer } of rigs.splice(0)) await producer.stop()
  })
  afterAll(async () => {
    await server.destroy()
  })

  function keep(rig: ProducerRig): ProducerRig {
    rigs.push(rig)
    return rig
  }

  it('ends the source by the name of the incident, each time, and behind its place the rest comes', async () => {
    const first = keep(new ProducerRig({ uri: server.uri(), name: 's', sources: ['s.t', 's.k'] }))
    await first.start()
    await server.query('USE s; INSERT INTO s.k VALUES (1)')
    await expect(
      server.query(`INSERT INTO s.t SELECT seq, REPEAT('${ROW_TEXT}', 125) FROM seq_1_to_50`),
    ).rejects.toMatchObject({
      errno: 1705,
    })
    await server.query('INSERT INTO s.k VALUES (2)')
    const events = await server.query<LogEvent>('SHOW BINLOG EVENTS')
    const incident = events.find(({ Event_type }) => Event_type === 'Incident')
    const named = {
      code: 'AESOP_MYSQL_INCIDENT',
      canRetry: false,
      fields: { file: incident?.Log_name, position: incident?.Pos },
    }
    await until('the failure', () => first.failures.length > 0)
    expect(first.failures).toMatchObject([named])
    expect(first.producer.health()).toMatchObject({ status: 'down' })
    expect(first.ledger.ids).toEqual([1])
    await first.producer.stop()

    const second = keep(first.again())
    await second.start().catch((error: unknown) => second.failures.push(error as Error))
    await until('the same failure', () => second.failures.length > 0)
    expect(second.failures).toMatchObject([named])

    const behind = formatBinlogScn(0, fileNumberOf(incident?.Log_name ?? ''), incident?.End_log_pos ?? 0)
    const third = keep(new ProducerRig({ uri: server.uri(), name: 's', sources: ['s.t', 's.k'] }))
    await third.start(behind)
    await third.arrived(1)
    expect(third.ledger.ids).toEqual([2])
  })
})
