import { type MaxScn } from '@aesop/checkpoint'
import { MysqlStoredPositionError } from '../error/live-errors.ts'
import { type EventFingerprint, type LogIdentity } from '../log/place-proof.ts'
import { isUncounted, resumeAtScn, type ResumePoint } from './resume-point.ts'

/*
 * Reads the record of a source. JSON with the fields of `ResumePoint`, without its SCN, which stands beside it:
 *
 * | field                                 | since | left out                                                    |
 * |---------------------------------------|-------|-------------------------------------------------------------|
 * | file, gtid, serverIdentity            | 0.1   | not known                                                   |
 * | position, generation                  | 0.1   | refused (position: unless `ended` is there)                 |
 * | ended                                 | 0.2   | not known; 0 below 4 GiB − 1 MiB                            |
 * | log {begunSeconds, serverId, …}       | 0.2   | not known; `logBegunSeconds` of older records is read       |
 * | event {timestamp, serverId, length, endPosition, crc} | 0.2 | not known                                     |
 * | reread {scn, …}                       | 0.1   | the buffer can not be filled again                          |
 */

type StoredFields = Readonly<Record<string, unknown>>

/** The place from which the buffer can be filled again; undefined when none is stored. @throws MysqlStoredPositionError */
export function rereadOf(stored: MaxScn): ResumePoint | undefined {
  const reread = (stored.position as { reread?: { scn?: unknown } } | null | undefined)?.reread
  if (reread === undefined) return undefined
  const { scn } = reread
  if (typeof scn !== 'bigint' && !Number.isSafeInteger(scn))
    throw new MysqlStoredPositionError('its position.reread has no SCN')
  return fromMaxScn({ scn: BigInt(scn as number | bigint), savedAtMs: stored.savedAtMs, position: reread })
}

/** @throws MysqlStoredPositionError when coordinates are there and can not be read: never "begin anywhere" */
export function fromMaxScn(stored: MaxScn): ResumePoint {
  const { scn, position: place } = stored
  if (place === undefined || place === null) return resumeAtScn(scn)
  if (typeof place !== 'object') throw new MysqlStoredPositionError(`its position is ${typeof place}, not a record`)
  const record = place as StoredFields
  const ended = count(record, 'ended')
  const generation = count(record, 'generation')
  if (generation === undefined) throw new MysqlStoredPositionError('its position.generation is no number')
  const position = count(record, 'position')
  if (position === undefined && ended === undefined)
    throw new MysqlStoredPositionError('its position.position is no offset in a log file')
  const [log, event] = [logIn(record), eventIn(record)]
  return {
    scn,
    file: textIn(record, 'file'),
    position,
    ...(ended === undefined ? {} : { ended }),
    ...(log === undefined ? {} : { log }),
    ...(event === undefined ? {} : { event }),
    gtid: textIn(record, 'gtid'),
    serverIdentity: textIn(record, 'serverIdentity'),
    // Beyond 4 GiB older SCNs were positions, or all the same: what comes after one must lie above it.
    generation: isUncounted({ scn, ended }) ? generation + 1 : generation,
  }
}

function logIn(record: StoredFields): LogIdentity | undefined {
  const { log, logBegunSeconds } = record
  if (typeof logBegunSeconds === 'number') return { begunSeconds: logBegunSeconds }
  if (log === undefined || log === null) return undefined
  const fields = recordIn(log, 'log')
  const [begunSeconds, serverId] = [count(fields, 'begunSeconds'), count(fields, 'serverId')]
  if (begunSeconds === undefined) throw new MysqlStoredPositionError('its position.log has no begunSeconds')
  return { begunSeconds, serverId, serverVersion: textIn(fields, 'serverVersion') }
}

function eventIn(record: StoredFields): EventFingerprint | undefined {
  const { event } = record
  if (event === undefined || event === null) return undefined
  const fields = recordIn(event, 'event')
  const needed = (name: string): number => {
    const value = count(fields, name)
    if (value === undefined) throw new MysqlStoredPositionError(`its position.event has no ${name}`)
    return value
  }
  return {
    timestamp: needed('timestamp'),
    serverId: needed('serverId'),
    length: needed('length'),
    endPosition: needed('endPosition'),
    crc: needed('crc'),
  }
}

function recordIn(value: unknown, name: string): StoredFields {
  if (typeof value !== 'object' || value === null) {
    throw new MysqlStoredPositionError(`its position.${name} is no record`)
  }
  return value as StoredFields
}

function count(record: StoredFields, name: string): number | undefined {
  const value = record[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new MysqlStoredPositionError(`its position.${name} is no whole number from 0 on`)
  }
  return value
}

function textIn(record: StoredFields, name: string): string | undefined {
  const value = record[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw new MysqlStoredPositionError(`its position.${name} is no text`)
  return value
}
