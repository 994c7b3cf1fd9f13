import { type Span, silentTracer, type Tracer } from '@aesop/kernel'

/** Where version 1 of OpenTelemetry's API keeps what a process has registered: seen without loading the API. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1')

/**
 * Tells spans to the tracer provider that the process has registered before the launch (`node --import ./tracing.js`), or
 * to nobody: without one OpenTelemetry's API is not even loaded, which would cost every start its time.
 */
export async function tracerOfProcess(): Promise<Tracer> {
  const registered = (globalThis as { [REGISTERED]?: { readonly trace?: unknown } })[REGISTERED]
  if (registered?.trace === undefined) return silentTracer
  const { SpanStatusCode, trace } = await import('@opentelemetry/api')
  const tracer = trace.getTracer('aesop')
  return {
    startSpan: (name, attributes = {}): Span => {
      const span = tracer.startSpan(name, { attributes })
      return {
        end: (error) => {
          if (error !== undefined) {
            span.setAttribute('error.type', kindOf(error))
            span.setStatus({ code: SpanStatusCode.ERROR })
          }
          span.end()
        },
      }
    },
  }
}

/** Its code or class and never its text: that may hold what collectors of spans should not see. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : error.name
}
