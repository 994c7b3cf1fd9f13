import { type ProducerStatus } from './event-producer.ts'

export type RunnerState = ProducerStatus['state']

/**
 * What happens to a source: it is started; an attempt delivers, or delivers while it is held; it waits for another try; trying
 * again can't help; somebody holds it, lets it go on, or stops it.
 */
export type RunnerEvent = 'starts' | 'opens' | 'opensHeld' | 'waits' | 'fails' | 'pauses' | 'resumes' | 'stops'

/** The table of SPEC.md; what is left out changes nothing. */
export const RUNNER_STATES: Readonly<Record<RunnerState, Partial<Readonly<Record<RunnerEvent, RunnerState>>>>> = {
  stopped: { starts: 'connecting', waits: 'waiting', fails: 'failed' },
  connecting: { opens: 'running', opensHeld: 'paused', waits: 'waiting', fails: 'failed', stops: 'stopped' },
  waiting: { starts: 'connecting', opens: 'running', opensHeld: 'paused', fails: 'failed', stops: 'stopped' },
  running: { waits: 'waiting', fails: 'failed', pauses: 'paused', stops: 'stopped' },
  paused: { waits: 'waiting', fails: 'failed', resumes: 'running', stops: 'stopped' },
  failed: {},
}
