import { silentMeters, silentTracer } from '@aesop/kernel'
import { expect, test } from 'vitest'

test('without a runtime whatever is counted or told is taken, and made once', () => {
  const named = { name: 'x_total', help: 'X.' }
  const counter = silentMeters.counter(named)
  counter.add()
  silentMeters.gauge(named).set(NaN)
  silentMeters.histogram({ ...named, bounds: [] }).observe(-1)
  silentTracer.startSpan('x', { a: 1 }).end(new Error('no'))
  expect(silentMeters.counter(named)).toBe(counter)
  expect(silentTracer.startSpan('y')).toBe(silentTracer.startSpan('z'))
})
