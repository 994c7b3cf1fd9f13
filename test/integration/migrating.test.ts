import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { StatefulLaunch } from '../support/stateful-launch.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { ROW_TEXT } from '../support/markers.ts'

/* The page about moving from Databus: its commands are run as they stand, with the SCN of a log that was just written. */
const PAGE = readFileSync(resolve(import.meta.dirname, '../../docs/migrating-from-databus.md'), 'utf8')
const [GREP = '', STATE_SET = '', LOG_START = ''] = [...PAGE.matchAll(/```sh\n(.*)\n```/g)].map(([, text = '']) => text)
const SCN_OF_PAGE = '4294968112'
const START_OF_PAGE = /startFrom: (scn:\d+)/.exec(PAGE)?.[1]

interface LoggedEvent {
  readonly Event_type: string
  readonly Pos: number
}

/** The SCN that Databus' producer gives to a transaction: file number, and where the header of its last row event is. */
async function databusScnOf(server: MariadbServer, transaction: number, logNumber: number): Promise<bigint> {
  const file = `mysql-bin.${String(logNumber).padStart(6, '0')}`
  const events = await server.query<LoggedEvent>(`SHOW BINLOG EVENTS IN '${file}'`)
  const rows = events.filter(({ Event_type }) => /^Write_rows/.test(Event_type))
  return (BigInt(logNumber) << 32n) | BigInt(rows[transaction - 1]?.Pos ?? NaN)
}

/** A checkpoint as Databus' client writes it; `offset` is −1, or how many events of a window had come when it ended. */
const checkpointFile = (windowScn: bigint, prevScn: bigint, offset: number): string =>
  `{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":${windowScn},"prevScn":${prevScn},"windowOffset":${offset},` +
  `"snapshot_offset":-1,"tsNsecs":1700000000000000000}\n`

describe('the page about moving from Databus', () => {
  let server: MariadbServer
  let folder = ''
  beforeAll(async () => {
    server = await MariadbServer.start()
    folder = newFolder('databus')
    await server.query(
      'RESET MASTER; CREATE DATABASE shop; CREATE TABLE shop.item (id BIGINT PRIMARY KEY, name VARCHAR(40))',
    )
    await server.query('FLUSH BINARY LOGS')
    for (const id of [1, 3, 5])
      await server.query(`INSERT INTO shop.item VALUES (${id}, '${ROW_TEXT}'), (${id + 1}, 'b')`)
  })
  afterAll(async () => {
    await server.destroy()
    removeFolder(folder)
  })

  const shell = (command: string): string =>
    execFileSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' }).trim()

  test('has the commands that are run here, and figures that fit each other', () => {
    expect([GREP, STATE_SET, LOG_START].every((command) => command !== '')).toBe(true)
    expect([STATE_SET, LOG_START].every((command) => command.includes(SCN_OF_PAGE))).toBe(true)
    expect(PAGE).toContain(`prints \`${shell(LOG_START)}\``)
    expect(`scn:${shell(LOG_START).replace('n', '')}`).toBe(START_OF_PAGE)
  })

  test.each([
    ['at the end of a window', -1],
    ['in the middle of a window', 1],
  ])(
    'a checkpoint of Databus %s goes on: nothing is missing, and one transaction comes again',
    async (_where, offset) => {
      const consumed = await databusScnOf(server, 2, 2)
      const later = await databusScnOf(server, 3, 2)
      writeFileSync(
        join(folder, 'cp_or_test_person.current'),
        checkpointFile(offset < 0 ? consumed : later, consumed, offset),
      )
      const scn = /^"prevScn":(\d+)$/.exec(shell(GREP))?.[1] ?? ''
      expect(BigInt(scn)).toBe(consumed)
      const startFrom = `scn:${shell(LOG_START.replace(SCN_OF_PAGE, scn)).replace('n', '')}`
      expect(startFrom).toBe(`scn:${(2n << 32n) + 4n}`)
      await using launch = new StatefulLaunch({ uri: server.uri(), sources: ['shop.item'], startFrom })
      const [, options = ''] = STATE_SET.replace(SCN_OF_PAGE, scn).split('bootstrap.yaml ')
      const args = [...options.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '')
      const set = await launch.state('set', ...args)
      expect(set.code, set.errors).toBe(0)
      await launch.start()
      await launch.until('UPSERT 6')
      await launch.stop()
      expect(launch.changes).toEqual(['UPSERT 3', 'UPSERT 4', 'UPSERT 5', 'UPSERT 6'])
    },
  )
})
