import { expect, test } from 'vitest'
import { Heartbeats } from '../src/heartbeats.ts'

/* Since when a leader counts a session's time, as far as beats prove it: beats at 125, 250 … of a session of a second. */
test('the leader has heard of what was answered a quarter before the beat before', () => {
  const beats = new Heartbeats(1_000, 0, 5)
  const heard = [125, 250, 375, 500, 625].map((at) => beats.sent(at)(at + 5))
  // The beat at 500 has the one of 375 before it, of which a question at 125 may be; what was answered by then is the connect request.
  expect(heard).toEqual([-Infinity, -Infinity, -Infinity, 0, 125])
})

test('beats that were sent before any had its answer prove nothing', () => {
  const beats = new Heartbeats(1_000, 0, 5)
  const answers = [125, 250, 375, 500, 625, 750].map((at) => beats.sent(at))
  expect(answers.map((answered, i) => answered(760 + i))).toEqual(Array(6).fill(-Infinity))
  expect(beats.sent(875)(880)).toBe(0)
})

test('answers that take as long as the next beat prove as much', () => {
  const beats = new Heartbeats(1_000, 0, 5)
  const heard = [125, 250, 375, 500, 625, 750].map((at) => beats.sent(at)(at + 120))
  expect(heard.slice(3)).toEqual([0, 125, 250])
})
