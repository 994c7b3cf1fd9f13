import { silentTracer } from '@aesop/kernel'
import { launch } from '@aesop/runtime'
import {
  INVALID_SPAN_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api'
import { afterEach, expect, test } from 'vitest'
import { tracerOfProcess } from '../src/telemetry/open-telemetry.ts'
import { deedsContainer, type Greeter } from './support/deeds-container.ts'
import { DescriptorFolder } from './support/descriptor-folder.ts'

afterEach(() => {
  trace.disable()
})

/** A provider as a kit registers it: it notes what its spans are told. */
function noting(): { readonly provider: TracerProvider; readonly notes: unknown[] } {
  const notes: unknown[] = []
  const spanOf = (name: string): Span =>
    Object.assign(trace.wrapSpanContext(INVALID_SPAN_CONTEXT), {
      setAttribute: (key: string, value: unknown) => notes.push([key, value]),
      setStatus: (status: unknown) => notes.push(status),
      end: () => notes.push(`${name} ends`),
    })
  const startActiveSpan = (): never => {
    throw new Error('nobody asks for it')
  }
  const startSpan: Tracer['startSpan'] = (name, options) => {
    notes.push([name, options?.attributes])
    return spanOf(name)
  }
  const provider = {
    getTracer: (name: string): Tracer => {
      notes.push(name)
      return { startSpan, startActiveSpan }
    },
  }
  return { provider, notes }
}

test('a process that has registered no provider tells its spans to nobody', async () => {
  expect(await tracerOfProcess()).toBe(silentTracer)
})

test('a provider of the process gets each span with its attributes and its end', async () => {
  const { provider, notes } = noting()
  trace.setGlobalTracerProvider(provider)
  const tracer = await tracerOfProcess()
  tracer.startSpan('aesop.checkpoint.save', { registration: 'people' }).end()
  tracer.startSpan('x').end()
  expect(notes).toEqual([
    'aesop',
    ['aesop.checkpoint.save', { registration: 'people' }],
    'aesop.checkpoint.save ends',
    ['x', {}],
    'x ends',
  ])
})

test('beans of a launch are given the tracer of the process', async () => {
  const { provider, notes } = noting()
  trace.setGlobalTracerProvider(provider)
  using folder = DescriptorFolder.withFixture('beans:\n  greeter: { class: Greeter, properties: { word: hello } }\n')
  await using application = await launch(folder.bootstrap, { containers: [deedsContainer()] })
  ;(application.get('greeter') as Greeter).context.tracer.startSpan('greeting').end()
  expect(notes).toEqual(['aesop', ['greeting', {}], 'greeting ends'])
})

test.each([
  [Object.assign(new TypeError('the row of Ann'), { code: 'AESOP_X' }), 'AESOP_X'],
  [new TypeError('the row of Ann'), 'TypeError'],
  ['the row of Ann', 'string'],
])('a span that failed tells the kind of its error and not its text (%s)', async (error, kind) => {
  const { provider, notes } = noting()
  trace.setGlobalTracerProvider(provider)
  const tracer = await tracerOfProcess()
  tracer.startSpan('x').end(error)
  expect(notes).toEqual(['aesop', ['x', {}], ['error.type', kind], { code: SpanStatusCode.ERROR }, 'x ends'])
})
