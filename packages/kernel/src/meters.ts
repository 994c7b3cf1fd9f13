/*
 * What a bean counts with, by structure: whoever counts knows neither what keeps the numbers nor what shows them. A meter is
 * made once and kept; counting allocates nothing.
 */

/** A number that only grows. */
export interface Counter {
  /** @param count 0 or more, finite. Default 1 */
  add(count?: number): void
}

/** A number that goes up and down; before the first `set` it is not shown. */
export interface Gauge {
  /** @param value finite */
  set(value: number): void
}

/** How often values of which size came. */
export interface Histogram {
  /** @param value finite, in the unit that the name ends in */
  observe(value: number): void
}

/** What a meter is called; one name with one set of labels is one meter, however often it is asked for. */
export interface MeterName {
  /** With its unit last, `_total` after that of a counter: `aesop_client_checkpoint_save_ms`. */
  readonly name: string
  readonly help: string
  /** Few values each: every set of them is a row for those who collect metrics. */
  readonly labels?: Readonly<Record<string, string>>
}

export interface HistogramName extends MeterName {
  /** The largest value of each bucket, ascending; what is above the last one is counted, too. */
  readonly bounds: readonly number[]
}

/** Makes meters of one bean; the runtime shows them with the labels `container` and `bean`. */
export interface Meters {
  counter(named: MeterName): Counter
  gauge(named: MeterName): Gauge
  histogram(named: HistogramName): Histogram
  /** Nothing more is shown of the meters with these labels, and others: what they were about is gone. */
  forget(labels: Readonly<Record<string, string>>): void
}

const silent: Counter & Gauge & Histogram = { add: drop, set: drop, observe: drop }

/** Meters that keep nothing: for classes that are used without the runtime. */
export const silentMeters: Meters = {
  counter: () => silent,
  gauge: () => silent,
  histogram: () => silent,
  forget: drop,
}

function drop(): void {
  // Nothing to do: nobody asks for these numbers.
}
