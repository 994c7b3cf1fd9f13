/** A piece of work that is under way. */
export interface Span {
  /** To be called once. @param error what made the work fail; undefined: it did not */
  end(error?: unknown): void
}

/** Tells what works when and for how long, by structure: whoever works knows nobody who listens. */
export interface Tracer {
  /**
   * @param name what is done, the same each time: `aesop.checkpoint.save`
   * @param attributes what tells one from another; no secrets and no texts of rows
   */
  startSpan(name: string, attributes?: Readonly<Record<string, string | number | boolean>>): Span
}

const silent: Span = {
  end: () => {
    // Nothing to do: nobody listens.
  },
}

/** A tracer to which nobody listens: for classes that are used without the runtime, and for processes without a listener. */
export const silentTracer: Tracer = { startSpan: () => silent }
