import { type MaxScn } from '@aesop/checkpoint'
import { type Logger } from '@aesop/kernel'
import { type BufferReread, type ProducerContext } from '@aesop/producer'
import { isAnew, underNewScns } from '../place/begin-anew.ts'
import { type BinlogOrigin } from '../origin/binlog-origin.ts'
import { beginInLog } from './log-reread.ts'
import { type ResumePoint, resumeAtScn } from '../place/resume-point.ts'
import { parseStartFrom, type StartPlace } from '../place/start-from.ts'
import { fromMaxScn } from '../place/stored-point.ts'

export interface SourceBeginning {
  readonly point: ResumePoint
  /** The place was asked from the source just now: it has to be stored at once, because a restart must not begin later. */
  readonly isNew: boolean
}

export interface SourceBeginningOptions {
  readonly stored: MaxScn | undefined
  readonly origin: BinlogOrigin
  readonly context: ProducerContext
  readonly reread: BufferReread<ResumePoint>
  readonly log: Logger
}

/**
 * Where a source begins:
 *
 * | what is stored                          | it begins                                                             |
 * |-----------------------------------------|-----------------------------------------------------------------------|
 * | nothing                                 | at initVal, else where `startFrom` says, else at the origin's default |
 * | that somebody took the place away       | the same, under SCNs above those that were there                      |
 * | a place                                 | there, or earlier: where a buffer that is empty can be filled again   |
 *
 * @throws AesopError of the record, of `startFrom`, or of the source that is asked
 */
export async function sourceBeginning(options: SourceBeginningOptions): Promise<SourceBeginning> {
  const { stored, origin, context, reread, log } = options
  if (stored === undefined) {
    return context.initialScn === undefined
      ? { point: await origin.locate(configuredStart(origin, context)), isNew: true }
      : { point: resumeAtScn(context.initialScn), isNew: false }
  }
  if (isAnew(stored)) {
    const start = configuredStart(origin, context)
    const found = await origin.locate(start)
    // An SCN names its file, which no other SCN does.
    const point = start.kind === 'scn' ? await origin.settle(found) : found
    return { point: underNewScns(point, stored), isNew: true }
  }
  const reached = fromMaxScn(stored)
  const settle = origin.settle.bind(origin)
  const readersSinceScn = context.readersSinceScn?.()
  const { restoredScn, restoredAfterScn } = context
  const restored = { restoredScn, restoredAfterScn }
  const point = await beginInLog(reread, { stored, reached, settle, log, readersSinceScn, ...restored })
  return { point, isNew: false }
}

function configuredStart(origin: BinlogOrigin, { initialScn, physicalSource }: ProducerContext): StartPlace {
  if (initialScn !== undefined) return { kind: 'scn', scn: initialScn }
  const { startFrom } = physicalSource
  return startFrom === undefined ? origin.defaultStart : parseStartFrom(startFrom)
}
