import { type Health } from '@aesop/kernel'
import { type ProducerStatus } from '@aesop/producer'

/**
 * How well a physical source is, by what its producer says and whether its writer waits for readers.
 *
 * | it                                                      | health              |
 * |---------------------------------------------------------|---------------------|
 * | failed, is not started, or its producer has ended       | down                |
 * | has waited long for readers                             | degraded            |
 * | is not running (it connects, waits or is paused)        | degraded            |
 * | runs, and something keeps changes from it               | degraded            |
 * | runs                                                    | up                  |
 */
export function healthOfSource(
  failure: Error | undefined,
  status: ProducerStatus | undefined,
  blocked: string | undefined,
): Health {
  if (failure !== undefined) return { status: 'down', detail: failure.message }
  if (status === undefined) return { status: 'down', detail: 'not started' }
  const detail = status.detail === undefined ? {} : { detail: status.detail }
  if (status.state === 'failed' || status.state === 'stopped') return { status: 'down', ...detail }
  if (blocked !== undefined) return { status: 'degraded', detail: blocked }
  if (status.state !== 'running') return { status: 'degraded', ...detail }
  return status.concern === undefined ? { status: 'up', ...detail } : { status: 'degraded', detail: status.concern }
}

const BADNESS: readonly Health['status'][] = ['up', 'degraded', 'down']

/** That of several sources: the worst, and what each that is as bad has to say. */
export function healthOfAll(sources: readonly { readonly name: string; health(): Health }[]): Health {
  const [only, ...others] = sources
  if (only !== undefined && others.length === 0) return only.health()
  const told = sources.map((source) => ({ name: source.name, ...source.health() }))
  const worst = BADNESS[Math.max(...told.map(({ status }) => BADNESS.indexOf(status)))] ?? 'down'
  const details = told.filter(({ status }) => status === worst).map(({ name, detail = '' }) => `${name}: ${detail}`)
  return { status: worst, detail: details.join('; ') }
}
