import { createApplication, launch, prepareLaunch } from '@aesop/runtime'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DescriptorFolder } from '../support/descriptor-folder.ts'
import { Diary, fixtureContainer } from '../support/fixture-container.ts'
import { assertAsyncProperty } from '../../../../test/support/property.ts'

/** Lines `a: b c` mean that bean a needs the beans b and c. */
function beansOf(graph: Readonly<Record<string, string>>, deeds: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(graph).map(([id, needs]) => {
    const list = needs.split(' ').flatMap((need) => (need === '' ? [] : [`{ ref: ${need} }`]))
    const deed = deeds[id] === undefined ? '' : `, ${deeds[id]}`
    return `  ${id}: { class: Step, properties: { needs: [${list.join(', ')}]${deed} } }`
  })
  return `beans:\n${lines.join('\n')}\n`
}

const idsOf = (lines: readonly string[], step: string): string[] =>
  lines.filter((line) => line.startsWith(`${step} `)).map((line) => line.slice(step.length + 1))

/** What happens to the beans of a graph: launched, and stopped when the launch succeeded. */
async function live(text: string, options = {}): Promise<{ lines: string[]; outcome: unknown; state: unknown }> {
  const diary = new Diary()
  using folder = DescriptorFolder.withFixture(text)
  const preparation = await prepareLaunch(folder.bootstrap, { containers: [fixtureContainer(diary)] })
  const application = await createApplication(preparation, { startTimeoutMs: 30, stopTimeoutMs: 30, ...options })
  const outcome: unknown = await application.start().then(
    () => application.stop(),
    (error: unknown) => error,
  )
  return { lines: diary.lines, outcome, state: application.state() }
}

const DIAMOND = { a: 'b c', b: 'd', c: 'd', d: '' }

describe('the life of a diamond: a needs b and c, which both need d', () => {
  test('each bean lives once, dependencies first, and ends in exact reverse', async () => {
    const { lines, outcome } = await live(beansOf(DIAMOND))
    const order = ['d', 'b', 'c', 'a']
    expect(outcome).toEqual({ stopFailures: [] })
    expect(idsOf(lines, 'start')).toEqual(order)
    expect(idsOf(lines, 'stop')).toEqual([...order].reverse())
    expect(idsOf(lines, 'destroy')).toEqual([...order].reverse())
  })

  /** Which beans are started, stopped and destroyed when a step of one fails, and what the launch or the stop says. */
  test.each([
    ['d', 'construct', { start: '', stop: '', destroy: '' }, 'AESOP_RUNTIME_BUILD_FAILED'],
    ['b', 'construct', { start: '', stop: '', destroy: 'd' }, 'AESOP_RUNTIME_BUILD_FAILED'],
    ['a', 'construct', { start: '', stop: '', destroy: 'c b d' }, 'AESOP_RUNTIME_BUILD_FAILED'],
    ['b', 'init', { start: '', stop: '', destroy: 'b d' }, 'AESOP_RUNTIME_BUILD_FAILED'],
    ['a', 'init', { start: '', stop: '', destroy: 'a c b d' }, 'AESOP_RUNTIME_BUILD_FAILED'],
    ['d', 'start', { start: 'd', stop: '', destroy: 'a c b d' }, 'AESOP_RUNTIME_START_FAILED'],
    ['c', 'start', { start: 'd b c', stop: 'b d', destroy: 'a c b d' }, 'AESOP_RUNTIME_START_FAILED'],
    ['a', 'start', { start: 'd b c a', stop: 'c b d', destroy: 'a c b d' }, 'AESOP_RUNTIME_START_FAILED'],
    ['c', 'stop', { start: 'd b c a', stop: 'a c b d', destroy: 'a c b d' }, 'AESOP_RUNTIME_STOP_FAILED'],
    ['d', 'destroy', { start: 'd b c a', stop: 'a c b d', destroy: 'a c b d' }, 'AESOP_RUNTIME_STOP_FAILED'],
  ])('when %s fails to %s: %j', async (bean, step, expected, code) => {
    const { lines, outcome } = await live(beansOf(DIAMOND, { [bean]: `fail: ${step}` }))
    const happened = Object.fromEntries(
      ['start', 'stop', 'destroy'].map((each) => [each, idsOf(lines, each).join(' ')]),
    )
    expect(happened).toEqual(expected)
    const failures = outcome instanceof Error ? [outcome] : (outcome as { stopFailures: Error[] }).stopFailures
    expect(failures).toEqual([expect.objectContaining({ code, bean })])
  })

  /** A bean whose step hangs is given up after its limit; a start that hangs is told to stop, for it may yet end. */
  test.each([
    ['c', 'init', { start: '', stop: '', destroy: 'c b d' }],
    ['c', 'start', { start: 'd b c', stop: 'c b d', destroy: 'a c b d' }],
    ['c', 'stop', { start: 'd b c a', stop: 'a c b d', destroy: 'a c b d' }],
    ['c', 'destroy', { start: 'd b c a', stop: 'a c b d', destroy: 'a c b d' }],
  ])('when %s hangs in %s: %j', async (bean, step, expected) => {
    const { lines, outcome } = await live(beansOf(DIAMOND, { [bean]: `hang: ${step}` }))
    const happened = Object.fromEntries(
      ['start', 'stop', 'destroy'].map((each) => [each, idsOf(lines, each).join(' ')]),
    )
    expect(happened).toEqual(expected)
    const failure = outcome instanceof Error ? outcome : (outcome as { stopFailures: Error[] }).stopFailures[0]
    expect(failure?.cause).toMatchObject({ code: 'AESOP_RUNTIME_STEP_TIMED_OUT' })
  })
})

test('in any graph, needs live before and end after those who need them, wherever a step fails', async () => {
  const graphs = fc.integer({ min: 1, max: 7 }).chain((count) =>
    fc.record({
      needs: fc.array(fc.array(fc.nat({ max: 6 }), { maxLength: 3 }), { minLength: count, maxLength: count }),
      failing: fc.nat({ max: count - 1 }),
      step: fc.constantFrom('none', 'construct', 'init', 'start', 'stop', 'destroy'),
    }),
  )
  const reached = { edges: 0, stopped: 0, failed: 0, construct: 0 }
  await assertAsyncProperty(
    fc.asyncProperty(graphs, async ({ needs, failing, step }) => {
      // Needs point to beans of a lower number only, so there are no circles.
      const edges = needs.map((list, i) => [...new Set(list.filter((need) => need < i))])
      const graph = Object.fromEntries(edges.map((list, i) => [`b${i}`, list.map((need) => `b${need}`).join(' ')]))
      const { lines } = await live(beansOf(graph, step === 'none' ? {} : { [`b${failing}`]: `fail: ${step}` }))
      reached.edges += edges.flat().length
      reached.stopped += idsOf(lines, 'stop').length
      if (step !== 'none') reached.failed++
      if (step === 'construct') reached.construct++
      const at = (what: string, i: number): number => lines.indexOf(`${what} b${i}`)
      edges.forEach((list, i) => {
        for (const need of list) {
          for (const begin of ['construct', 'init', 'start']) {
            if (at(begin, i) >= 0) expect(at(begin, need)).toBeLessThan(at(begin, i))
          }
          for (const end of ['stop', 'destroy']) {
            if (at(end, i) >= 0) expect(at(end, need)).toBeGreaterThan(at(end, i))
          }
        }
      })
      const made = idsOf(lines, 'construct').filter((id) => !(step === 'construct' && id === `b${failing}`))
      expect(idsOf(lines, 'destroy')).toEqual([...made].reverse())
      const started = idsOf(lines, 'start').filter((id) => !(step === 'start' && id === `b${failing}`))
      expect(idsOf(lines, 'stop')).toEqual([...started].reverse())
    }),
    { seed: 20_26, numRuns: 60, reached, atLeast: 3 },
  )
})

test('a chain of 10,000 beans starts and stops, each once and in order', async () => {
  const count = 10_000
  const lines = Array.from({ length: count }, (_, i) =>
    i === 0 ? '  b0: { class: Step }' : `  b${i}: { class: Step, properties: { needs: { ref: b${i - 1} } } }`,
  )
  const diary = new Diary()
  using folder = DescriptorFolder.withFixture(`beans:\n${lines.join('\n')}\n`)
  const application = await launch(folder.bootstrap, { containers: [fixtureContainer(diary)] })
  await application.stop()
  const order = Array.from({ length: count }, (_, i) => `b${i}`)
  expect(idsOf(diary.lines, 'start')).toEqual(order)
  expect(idsOf(diary.lines, 'stop')).toEqual([...order].reverse())
}, 60_000)
