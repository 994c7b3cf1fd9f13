import {
  type AnyMetric,
  type Counter,
  type Gauge,
  type Histogram,
  type HistogramMetric,
  type HistogramName,
  invariant,
  InvariantError,
  type MeterName,
  type Meters,
  type Metric,
} from '@aesop/kernel'

/** A meter that can be asked for what it has counted. */
interface Kept {
  readonly named: MeterName
  /** Undefined: there is nothing to show yet. */
  read(): AnyMetric | undefined
}

/** The meters of one bean, kept as plain numbers until somebody asks: a library of metrics costs a look-up per count. */
export class BeanMeters implements Meters {
  readonly #kept = new Map<string, Kept>()

  counter(named: MeterName): Counter {
    return this.#meter(named, KeptCounter, () => new KeptCounter(named))
  }

  gauge(named: MeterName): Gauge {
    return this.#meter(named, KeptGauge, () => new KeptGauge(named))
  }

  histogram(named: HistogramName): Histogram {
    const meter = this.#meter(named, KeptHistogram, () => new KeptHistogram(named))
    invariant(meter.hasBounds(named.bounds), `the histogram ${named.name} is asked for with other bounds than before`)
    return meter
  }

  forget(labels: Readonly<Record<string, string>>): void {
    const gone = Object.entries(labels)
    for (const [key, { named }] of this.#kept) {
      if (gone.every(([name, value]) => named.labels?.[name] === value)) this.#kept.delete(key)
    }
  }

  /** What has been counted until now. */
  read(): AnyMetric[] {
    return [...this.#kept.values()].flatMap((meter) => meter.read() ?? [])
  }

  #meter<M extends Kept>(named: MeterName, kind: abstract new (named: never) => M, make: () => M): M {
    const labels = Object.entries(named.labels ?? {}).sort(([one], [other]) => (one < other ? -1 : 1))
    const key = JSON.stringify([named.name, labels])
    const found = this.#kept.get(key)
    if (found !== undefined) {
      invariant(found instanceof kind, `the meter ${named.name} is asked for as another kind than before`)
      return found
    }
    const made = make()
    this.#kept.set(key, made)
    return made
  }
}

class KeptCounter implements Counter, Kept {
  readonly named: MeterName
  #value = 0

  constructor(named: MeterName) {
    this.named = named
  }

  add(count = 1): void {
    if (!(count >= 0 && count < Infinity)) throw unfit(this.named, count)
    this.#value += count
  }

  read(): Metric {
    return { ...this.named, type: 'counter', value: this.#value }
  }
}

class KeptGauge implements Gauge, Kept {
  readonly named: MeterName
  #value: number | undefined

  constructor(named: MeterName) {
    this.named = named
  }

  set(value: number): void {
    if (!Number.isFinite(value)) throw unfit(this.named, value)
    this.#value = value
  }

  read(): Metric | undefined {
    return this.#value === undefined ? undefined : { ...this.named, type: 'gauge', value: this.#value }
  }
}

class KeptHistogram implements Histogram, Kept {
  readonly named: MeterName
  readonly #bounds: Float64Array
  /** Values of each bucket alone; the last one is of those above all bounds. */
  readonly #counts: Float64Array
  #sum = 0

  constructor({ bounds, ...named }: HistogramName) {
    this.named = named
    this.#bounds = Float64Array.from(bounds)
    const ascend = this.#bounds.every(
      (bound, i) => Number.isFinite(bound) && (i === 0 || bound > (bounds[i - 1] ?? NaN)),
    )
    invariant(bounds.length > 0 && ascend, `the bounds of ${named.name} have to ascend: ${bounds.join(', ')}`)
    this.#counts = new Float64Array(bounds.length + 1)
  }

  hasBounds(bounds: readonly number[]): boolean {
    return bounds.length === this.#bounds.length && this.#bounds.every((bound, i) => bound === bounds[i])
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) throw unfit(this.named, value)
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1
    this.#sum += value
  }

  read(): HistogramMetric {
    let count = 0
    const buckets = Array.from(this.#bounds, (upTo, i) => ({ upTo, count: (count += this.#counts[i] as number) }))
    count += this.#counts[buckets.length] as number
    return { ...this.named, type: 'histogram', buckets, sum: this.#sum, count }
  }
}

/** Made here, so that a value that fits costs no text. */
function unfit({ name }: MeterName, value: number): InvariantError {
  return new InvariantError(`invariant broken: the meter ${name} can not take ${value}`)
}
