import { type SessionSettings, ZooKeeperSession } from '@aesop/zookeeper'
import { type SessionState } from '../../packages/zookeeper/src/session-state.ts'
import { until } from './until.ts'
import { witness } from './witness.ts'
import { TICK_MS } from './zookeeper-server.ts'

/** The shortest time that a server of a test agrees to. */
export const SHORT_MS = 2 * TICK_MS

/** Sessions of a test, which are closed at its end, and what they said of their state. */
export class ZooKeeperRig implements AsyncDisposable {
  readonly #sessions: ZooKeeperSession[] = []

  async open(settings: SessionSettings, firstXid?: number): Promise<ZooKeeperSession> {
    const parts = firstXid === undefined ? {} : { firstXid }
    const session = await ZooKeeperSession.open(settings, {}, parts)
    this.#sessions.push(session)
    witness(`session 0x${session.id.toString(16)}`, () => [session.state, session.lastError])
    return session
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.close()))
  }
}

/** The states that a session comes to from now on. */
export function statesOf(session: ZooKeeperSession): SessionState[] {
  const states: SessionState[] = []
  session.onState((state) => states.push(state))
  return states
}

export async function untilState(session: ZooKeeperSession, state: SessionState): Promise<void> {
  await until(`the session is ${state}`, () => session.state === state)
}

/** What became of an operation, as a word. */
export async function endOf(operation: Promise<unknown>): Promise<string> {
  try {
    await operation
    return 'ok'
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  }
}
