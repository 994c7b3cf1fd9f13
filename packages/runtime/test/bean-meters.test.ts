import { expect, test } from 'vitest'
import { BeanMeters } from '../src/telemetry/bean-meters.ts'

const sent = { name: 'sent_total', help: 'Sent.', labels: { to: 'a', by: 'b' } }
const took = { name: 'took_ms', help: 'Took.', bounds: [1, 10] }

test('one name with one set of labels is one meter, in whatever order the labels are given', () => {
  const meters = new BeanMeters()
  meters.counter(sent).add()
  meters.counter({ ...sent, labels: { by: 'b', to: 'a' } }).add(2.5)
  meters.counter({ ...sent, labels: { to: 'other' } }).add(0)
  meters.gauge({ name: 'open', help: 'Open.' }).set(4)
  meters.gauge({ name: 'open', help: 'Open.' }).set(-3)
  expect(meters.read()).toEqual([
    { ...sent, type: 'counter', value: 3.5 },
    { ...sent, labels: { to: 'other' }, type: 'counter', value: 0 },
    { name: 'open', help: 'Open.', type: 'gauge', value: -3 },
  ])
})

test('a gauge that was never set is not shown: no number stands for "not known"', () => {
  const meters = new BeanMeters()
  meters.gauge({ name: 'open', help: 'Open.' })
  expect(meters.read()).toEqual([])
})

test('a value that is a bound belongs to its bucket, and each bucket counts those before it, too', () => {
  const meters = new BeanMeters()
  const histogram = meters.histogram(took)
  for (const value of [-1, 1, 1.1, 10, 10.5, 1000]) histogram.observe(value)
  meters.histogram({ ...took, bounds: [1, 10] }).observe(2)
  expect(meters.read()).toEqual([
    {
      name: 'took_ms',
      help: 'Took.',
      type: 'histogram',
      buckets: [
        { upTo: 1, count: 2 },
        { upTo: 10, count: 5 },
      ],
      sum: 1023.6,
      count: 7,
    },
  ])
})

test('what is forgotten is shown no more, and counts anew when it is asked for again; others go on', () => {
  const meters = new BeanMeters()
  meters.counter(sent).add()
  meters.counter({ ...sent, labels: { to: 'a', by: 'c' } }).add()
  meters.counter({ ...sent, labels: { to: 'b', by: 'b' } }).add()
  meters.histogram(took).observe(1)
  meters.forget({ to: 'a', by: 'b' })
  const labels = (): unknown[] => meters.read().map((each) => each.labels)
  expect(labels()).toEqual([{ to: 'a', by: 'c' }, { to: 'b', by: 'b' }, undefined])
  meters.forget({ to: 'a' })
  expect(labels()).toEqual([{ to: 'b', by: 'b' }, undefined])
  meters.counter(sent).add(5)
  expect(meters.read().at(-1)).toEqual({ ...sent, type: 'counter', value: 5 })
})

test('what can not be counted is refused by the name of the meter, and nothing of it is kept', () => {
  const meters = new BeanMeters()
  for (const count of [-1, NaN, Infinity]) {
    expect(() => {
      meters.counter(sent).add(count)
    }).toThrow(`the meter sent_total can not take ${count}`)
  }
  for (const value of [NaN, Infinity]) {
    expect(() => {
      meters.gauge({ name: 'open', help: '' }).set(value)
    }).toThrow(`the meter open can not take ${value}`)
    expect(() => {
      meters.histogram(took).observe(value)
    }).toThrow(`the meter took_ms can not take ${value}`)
  }
  expect(meters.read().map(({ value, ...rest }) => value ?? (rest as { count: number }).count)).toEqual([0, 0])
})

test('a meter that is asked for as another one than before is a fault of the program', () => {
  const meters = new BeanMeters()
  meters.counter(sent)
  meters.histogram(took)
  expect(() => meters.gauge(sent)).toThrow('the meter sent_total is asked for as another kind than before')
  for (const bounds of [[1], [1, 11], [1, 10, 100]]) {
    expect(() => meters.histogram({ ...took, bounds })).toThrow('took_ms is asked for with other bounds than before')
  }
  for (const bounds of [[], [2, 1], [1, 1], [1, Infinity], [NaN]]) {
    expect(() => meters.histogram({ name: 'x_ms', help: '', bounds })).toThrow('the bounds of x_ms have to ascend')
  }
})
