/**
 * `connecting` before the first connection, `suspended` without one while the deadline clock runs, `lost` when it has run out: what the session owned
 * is no longer its own, for good, also when the session itself comes back to `connected`. `expired` and `closed` are the end.
 */
export type SessionState = 'connecting' | 'connected' | 'suspended' | 'lost' | 'expired' | 'closed'

export type SessionStep = 'accepted' | 'cut' | 'clockRanOut' | 'expired' | 'closed'

/** What follows; undefined: nothing changes. SPEC.md has the same table. */
const NEXT: Readonly<Record<SessionState, Readonly<Record<SessionStep, SessionState | undefined>>>> = {
  connecting: { accepted: 'connected', cut: undefined, clockRanOut: undefined, expired: 'expired', closed: 'closed' },
  connected: { accepted: undefined, cut: 'suspended', clockRanOut: 'lost', expired: 'expired', closed: 'closed' },
  suspended: { accepted: 'connected', cut: undefined, clockRanOut: 'lost', expired: 'expired', closed: 'closed' },
  lost: { accepted: 'connected', cut: undefined, clockRanOut: undefined, expired: 'expired', closed: 'closed' },
  expired: { accepted: undefined, cut: undefined, clockRanOut: undefined, expired: undefined, closed: undefined },
  closed: { accepted: undefined, cut: undefined, clockRanOut: undefined, expired: undefined, closed: undefined },
}

export function nextState(state: SessionState, step: SessionStep): SessionState {
  return NEXT[state][step] ?? state
}

/** Whether nothing follows any more. */
export function isOver(state: SessionState): boolean {
  return state === 'expired' || state === 'closed'
}
