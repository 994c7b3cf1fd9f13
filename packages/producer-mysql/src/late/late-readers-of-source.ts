import { type BeanContext, silentLogger } from '@aesop/kernel'
import { type ProducerContext } from '@aesop/producer'
import { type BinlogOrigin } from '../origin/binlog-origin.ts'
import { lateServerId, originOf } from '../origin/origin-of-uri.ts'
import { type KeptPlace, type PlaceMarks } from '../session/kept-place.ts'
import { type DecoderExtras } from '../session/log-reader.ts'
import { mysqlSettingsOf } from '../settings/mysql-settings.ts'
import { type ShapeHistory } from '../shape/shape-history.ts'
import { LateLog } from './late-log.ts'
import { LateReaders } from './late-readers.ts'
import { type LiveLag } from './live-lag.ts'

const ALARM_REMEDY =
  'Raise binlog_expire_logs_seconds (expire_logs_days) of the server, or let the registration go on faster.'

export interface LateSourceOptions {
  readonly context: ProducerContext
  /** Of the live reading. */
  readonly place: KeptPlace
  readonly marks: PlaceMarks
  readonly shapes: ShapeHistory
  readonly extras: DecoderExtras
  readonly bean: BeanContext
  /** Of the live reading. */
  readonly lag: LiveLag
  readonly logKeptSeconds: () => number | undefined
  readonly heartbeatMs: number | undefined
}

/** The late readings of a prepared source; undefined: its configuration wants none. */
export function lateReadersOf(options: LateSourceOptions): LateReaders | undefined {
  const { context, place, marks, shapes, extras, bean, lag, logKeptSeconds } = options
  const { physicalSource, schemas, passOvers = [] } = context
  const { max, serverIds, bufferBytes } = mysqlSettingsOf(physicalSource).lateReaders
  if (max === 0) return undefined
  const { log } = bean
  const reading = {
    physicalSource,
    schemas,
    shapes,
    extras,
    passOvers,
    quarantines: place.quarantines,
    originOf: originsOf(options, serverIds),
    triesServerIds: serverIds === undefined,
    bufferBytes,
    yieldsWith: () => (lag.isBehind() ? readers.readings.length : 0),
    log,
  }
  const readers: LateReaders = new LateReaders({
    max,
    log,
    find: (scn) =>
      marks.index.find(scn, {
        source: physicalSource.name,
        generation: place.generation,
        configuration: marks.configuration(),
      }),
    reachedScn: () => place.scn,
    open: (from, sinceScn, slot, needed, onFailed) => new LateLog(reading, from, sinceScn, slot, needed, onFailed),
    forget: (oldestLog) => {
      marks.index.dropBefore(oldestLog)
    },
    logKeptSeconds,
    alarm: (message) => {
      log.warn(message, { remedy: ALARM_REMEDY })
      bean.publish?.({ type: 'alert', severity: 'warning', message: `${physicalSource.name}: ${message}` })
    },
  })
  return readers
}

function originsOf(
  { context: { physicalSource }, bean, heartbeatMs }: LateSourceOptions,
  serverIds: readonly number[] | undefined,
): (slot: number, attempt: number) => BinlogOrigin {
  // What its settings are worth a warning for, the live reading has told.
  const quiet = { ...bean, log: silentLogger }
  return (slot, attempt) => {
    const serverId = serverIds?.[slot] ?? lateServerId(physicalSource, bean, slot, attempt)
    return originOf(physicalSource, quiet, { heartbeatMs, wasRead: true, serverId })
  }
}
