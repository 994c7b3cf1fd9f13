import type { ProducerDefinition } from '@aesop/producer'
import { MySQLConstants } from './log/binlog-event.ts'
import { offeredClasses } from './offered-classes.ts'
import { sourceProperties } from './settings/source-properties.ts'

/** Properties that a source of log files has, too. */
const OF_LOG_FILES = ['zeroTimestamp', 'xaMemoryBytes']

/** MySQL and MariaDB, live or from log files. */
export const mysqlProducer: ProducerDefinition = {
  schemes: ['mysql', 'mariadb', 'binlog'],
  uriForms: ['mysql://user%2Fpassword@host:port/serverId/binlog-prefix (or mariadb://)', 'binlog:<index file>'],
  properties: sourceProperties,
  // Log files have no server.
  refused: { binlog: Object.keys(sourceProperties).filter((name) => !OF_LOG_FILES.includes(name)) },
  inPlaceOfUri: 'host',
  loadSettings: async () => (await import('./settings/mysql-settings.ts')).readMysqlSettings,
  load: async () => {
    const { MysqlEventProducer } = await import('./mysql-event-producer.ts')
    return (physicalSourceConfig, context) => new MysqlEventProducer({ physicalSourceConfig }, context)
  },
  components: offeredClasses,
  constants: { MySQLConstants },
  loadErrors: () => import('./error/errors.ts'),
}
