import { describe, expect, it } from 'vitest'
import { mysqlFault } from '../src/server/mysql-fault.ts'

const place = {
  server: 'db:3306',
  user: 'aesop',
  serverId: 7,
  wanted: 'mysql-bin.000003:1234',
  established: true,
}
const answer = (errno: number, message: string): Error => Object.assign(new Error(message), { errno })
const READING = "; the first event 'mysql-bin.000003' at 1234, the last event read from 'mysql-bin.000003' at 1234"

describe('an answer of a server', () => {
  it.each([
    [1040, 'CONNECTIONS_EXHAUSTED', true],
    [1045, 'ACCESS_DENIED', false],
    [1053, 'CONNECTION_LOST', true],
    [1129, 'HOST_REFUSED', false],
    [1130, 'HOST_REFUSED', false],
    [1203, 'CONNECTIONS_EXHAUSTED', true],
    [1226, 'CONNECTIONS_EXHAUSTED', true],
    [1227, 'GRANT_MISSING', false],
    [1381, 'BINLOG_OFF', false],
    [1524, 'AUTHENTICATION_PLUGIN', false],
    [1698, 'AUTHENTICATION_PLUGIN', false],
    [1820, 'PASSWORD_EXPIRED', false],
    [1862, 'PASSWORD_EXPIRED', false],
    [1927, 'CONNECTION_LOST', true],
    [1949, 'SERVER_ID_IN_USE', false],
    [3032, 'SERVER_ERROR', true],
    [3118, 'ACCOUNT_LOCKED', false],
    [3159, 'TLS_NEEDED', false],
    [3955, 'ACCOUNT_LOCKED', false],
    [4031, 'CONNECTION_LOST', true],
    [4150, 'ACCOUNT_LOCKED', false],
    [4151, 'ACCOUNT_LOCKED', false],
  ])('%d is %s, before the stream begins and in it', (number, code, canRetry) => {
    for (const established of [false, true]) {
      const named = canRetry && code === 'CONNECTION_LOST' && !established ? 'SERVER_UNREACHABLE' : code
      expect(mysqlFault(answer(number, 'as the server says'), { ...place, established })).toMatchObject({
        code: `AESOP_MYSQL_${named}`,
        canRetry,
      })
    }
  })

  // MariaDB 10.11 and MySQL 9 word for word, as far as they could be made to say it.
  it.each([
    ['Could not find first log file name in binary log index file', 'LOG_PURGED'],
    [
      'Cannot replicate because the source purged required binary logs. Replicate the missing transactions from elsewhere',
      'LOG_PURGED',
    ],
    [
      'Could not find GTID state requested by slave in any binlog files. Probably the slave state is too old and required binlog files have been purged.',
      'LOG_PURGED',
    ],
    ['Client requested source to start replication from position > file size', 'POSITION_IN_FUTURE'],
    ['Client requested master to start replication from impossible position', 'POSITION_IN_FUTURE'],
    ["Error: connecting slave requested to start from GTID 0-1-999, which is not in the master's binlog", 'LOG_RESET'],
    [
      'The binlog on the master is missing the GTID 0-1-7 requested by the slave (even though a subsequent sequence number does exist), and GTID strict mode is enabled',
      'LOG_RESET',
    ],
    ["Replica has more GTIDs than the source has, using the source's SERVER_UUID.", 'LOG_RESET'],
    [`bogus data in log event${READING}`, 'LOG_UNREADABLE'],
    [`binlog truncated in the middle of event; consider out of disk space on master${READING}`, 'LOG_UNREADABLE'],
    [`event read from binlog did not pass crc check${READING}`, 'LOG_UNREADABLE'],
    ['Client requested source to start replication from position < 4', 'LOG_UNREADABLE'],
    ['Could not open log file', 'LOG_UNREADABLE'],
    [`Could not decrypt binlog: encryption key error${READING}`, 'LOG_UNREADABLE'],
    [`log event entry exceeded max_allowed_packet; Increase max_allowed_packet on source${READING}`, 'EVENT_TOO_LARGE'],
    ['A replica with the same server_uuid/server_id as this replica has connected to the source', 'SERVER_ID_IN_USE'],
    [
      `A slave with the same server_uuid/server_id as this slave has connected to the master${READING}`,
      'SERVER_ID_IN_USE',
    ],
    ['Binary log is not open', 'BINLOG_OFF'],
    ['Misconfigured source - server_id was not set', 'DUMP_REFUSED'],
    [
      'The replication sender thread cannot start in AUTO_POSITION mode: this server has GTID_MODE = OFF',
      'DUMP_REFUSED',
    ],
    ['a text that nobody has seen before', 'DUMP_REFUSED'],
  ])('1236 "%s" is %s, for good', (text, code) => {
    expect(mysqlFault(answer(1236, text), place)).toMatchObject({ code: `AESOP_MYSQL_${code}`, canRetry: false })
  })

  it.each(['memory allocation failed reading log event', 'I/O error reading log event'])(
    '1236 "%s" is tried again',
    (text) => {
      expect(mysqlFault(answer(1236, text + READING), place)).toMatchObject({
        code: 'AESOP_MYSQL_SERVER_ERROR',
        canRetry: true,
      })
    },
  )

  it('29, by which MariaDB says that a log file is gone, is final', () => {
    const gone = answer(29, 'File \'./mysql-bin.000003\' not found (Errcode: 2 "No such file or directory")')
    expect(mysqlFault(gone, { ...place, established: false })).toMatchObject({
      code: 'AESOP_MYSQL_LOG_UNREADABLE',
      canRetry: false,
    })
  })

  it('names the plugin that an account needs, whoever does not know it', () => {
    const ours = Object.assign(
      new Error('Server requests authentication using unknown plugin client_ed25519. See there'),
      { code: 'AUTH_SWITCH_PLUGIN_ERROR' },
    )
    const clear = Object.assign(new Error('Server requested authentication using mysql_clear_password, which is'), {
      code: 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED',
    })
    const theirs = answer(1524, "Plugin 'mysql_native_password' is not loaded")
    const pluginOf = (thrown: Error): unknown => mysqlFault(thrown, place).fields['plugin']
    expect([ours, clear, theirs].map(pluginOf)).toEqual([
      'client_ed25519',
      'mysql_clear_password',
      'mysql_native_password',
    ])
  })

  it('says what an account needs that demands encryption', () => {
    expect(mysqlFault(answer(1045, ''), place).remedy).toContain('REQUIRE SSL, the server must offer TLS')
  })

  it('prints the place to look at', () => {
    const { remedy } = mysqlFault(answer(1236, `bogus data in log event${READING}`), place)
    expect(remedy).toContain('state locate <bootstrap.yaml> --source <name> --at mysql-bin.000003:1234 ')
  })
})
