import { type AesopError } from '@aesop/kernel'
import {
  MysqlAccessDeniedError,
  MysqlAccountLockedError,
  MysqlAuthenticationPluginError,
  MysqlConnectionsExhaustedError,
  MysqlHostRefusedError,
  MysqlPasswordExpiredError,
  MysqlTlsNeededError,
} from '../error/account-errors.ts'
import { MysqlGrantMissingError } from '../error/live-errors.ts'
import { type FaultPlace } from './mysql-fault.ts'

/** One answer of a server that does not let the user do what it wants. */
type Refusal = (place: FaultPlace, text: string, thrown: unknown) => AesopError

const denied: Refusal = ({ server, user }, _text, thrown) => new MysqlAccessDeniedError(server, user, thrown)
const plugin: Refusal = ({ server, user }, text, thrown) =>
  new MysqlAuthenticationPluginError(server, user, pluginIn(text), thrown)
const locked: Refusal = ({ server, user }, _text, thrown) => new MysqlAccountLockedError(server, user, thrown)
const expired: Refusal = ({ server, user }, _text, thrown) => new MysqlPasswordExpiredError(server, user, thrown)
const host: Refusal = ({ server, user }, _text, thrown) => new MysqlHostRefusedError(server, user, thrown)
const exhausted: Refusal = ({ server, user }, _text, thrown) => new MysqlConnectionsExhaustedError(server, user, thrown)
const grant: Refusal = ({ server, user }, text) => new MysqlGrantMissingError(server, user, privilegeIn(text))

/**
 * By the server's number. Both products, which use some numbers for different things: 4150 and 4151 are MariaDB's here,
 * and on MySQL of a command that is never sent.
 */
const REFUSALS = new Map<number, Refusal>([
  [1040, exhausted],
  [1044, grant],
  [1045, denied],
  [1129, host],
  [1130, host],
  [1142, grant],
  [1143, grant],
  [1203, exhausted],
  [1226, exhausted],
  [1227, grant],
  [1251, plugin],
  [1524, plugin],
  [1698, plugin],
  [1820, expired],
  [1862, expired],
  [3118, locked],
  [3159, ({ server }, _text, thrown) => new MysqlTlsNeededError(server, thrown)],
  [3955, locked],
  [4150, locked],
  [4151, locked],
])

/** What mysql2 says to a server that asks for the password in the clear, which no server gets. */
const CLEAR_PASSWORD = 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED'

/** The named error of a server, or of the driver's log-in, that refuses the account; undefined: it is another one. */
export function accountFault(
  number: number | undefined,
  driverCode: string,
  text: string,
  thrown: unknown,
  place: FaultPlace,
): AesopError | undefined {
  if (driverCode === 'AUTH_SWITCH_PLUGIN_ERROR' || driverCode === CLEAR_PASSWORD) return plugin(place, text, thrown)
  return number === undefined ? undefined : REFUSALS.get(number)?.(place, text, thrown)
}

function pluginIn(text: string): string | undefined {
  return (/plugin '?([\w-]+)'?/i.exec(text) ?? /authentication using (\w+)/i.exec(text))?.[1]
}

function privilegeIn(text: string): string {
  return /the ([A-Z ,]+?) privilege/.exec(text)?.[1] ?? 'REPLICATION SLAVE, REPLICATION CLIENT'
}
