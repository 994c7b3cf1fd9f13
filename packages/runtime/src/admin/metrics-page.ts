import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  type GaugeConfiguration,
  type MetricObjectWithValues,
  type MetricType,
  type MetricValueWithName,
  Registry,
} from 'prom-client'
import { type AnyMetric, type HistogramMetric, type Logger, type Metric, type Observable } from '@aesop/kernel'
import { type Application } from '../lifecycle/application.ts'
import { healthReport } from './health-report.ts'

/** One metric with the labels that say whose it is. */
type Sample = AnyMetric & { readonly labels: Readonly<Record<string, string>> }
type NumberSample = Extract<Sample, Metric>
type HistogramSample = Extract<Sample, HistogramMetric>

/** What `/metrics` answers: the process, its containers, and what the beans show, in the text form of Prometheus. */
export class MetricsPage {
  readonly #application: Application
  readonly #own: () => readonly Metric[]
  readonly #log: Logger
  readonly #processMetrics = new Registry()

  /** @param own what the admin server tells of itself */
  constructor(application: Application, own: () => readonly Metric[], log: Logger) {
    this.#application = application
    this.#own = own
    this.#log = log
    collectDefaultMetrics({ register: this.#processMetrics })
  }

  async render(): Promise<{ readonly contentType: string; readonly text: string }> {
    const own = this.#own().map((metric) => ({ ...metric, labels: metric.labels ?? {} }))
    const beans = await textOf([...containerSamples(this.#application), ...own, ...this.#samples()], this.#log)
    const { contentType } = this.#processMetrics
    return { contentType, text: `${await this.#processMetrics.metrics()}\n${beans}` }
  }

  end(): void {
    this.#processMetrics.clear()
  }

  #samples(): Sample[] {
    return this.#application.containers.flatMap(({ name: container, current }) => [
      ...current.startedBeans.flatMap(({ id, instance }) =>
        labelled(this.#metricsOf(container, id, instance), container, id),
      ),
      ...[...current.meters].flatMap(([id, meters]) => labelled(meters.read(), container, id)),
    ])
  }

  /** A bean whose metrics fail costs no others theirs. */
  #metricsOf(container: string, bean: string, instance: Observable): readonly AnyMetric[] {
    if (typeof instance.metrics !== 'function') return []
    try {
      return instance.metrics()
    } catch (error) {
      this.#log.warn('a bean failed to tell its metrics', { container, bean, error })
      return []
    }
  }
}

function labelled(metrics: readonly AnyMetric[], container: string, bean: string): Sample[] {
  return metrics.map((metric) => ({ ...metric, labels: { ...metric.labels, container, bean } }))
}

function containerSamples(application: Application): Sample[] {
  const { isReady, containers } = healthReport(application)
  const gauge = (name: string, help: string, value: boolean, labels: Readonly<Record<string, string>>): Sample => ({
    name,
    help,
    type: 'gauge',
    value: value ? 1 : 0,
    labels,
  })
  return [
    gauge('aesop_ready', 'Whether the process is ready.', isReady, {}),
    ...Object.entries(containers).flatMap(([container, { state, status, beans }]) => [
      gauge('aesop_container_running', 'Whether the container runs.', state === 'running', { container }),
      gauge('aesop_container_up', 'Whether the container and its beans are up.', status === 'up', { container }),
      ...Object.entries(beans).map(([bean, health]) =>
        gauge('aesop_bean_up', 'Whether the bean says that it is up.', health.status === 'up', { container, bean }),
      ),
    ]),
  ]
}

/** The text of samples; those of one name stand together, with the help and type of the first. */
async function textOf(samples: readonly Sample[], log: Logger): Promise<string> {
  const registry = new Registry()
  for (const [name, group] of groupsOf(samples)) {
    const [{ help, type }] = group as [Sample, ...Sample[]]
    const labelNames = [...new Set(group.flatMap(({ labels }) => Object.keys(labels)))].map(labelName)
    const shape = { name, help: help === '' ? name : help, labelNames, registers: [registry] }
    const alike = group.filter((sample) => sample.type === type)
    if (alike.length < group.length) log.warn('a metric is shown as one type only', { name, type })
    if (type === 'histogram') new ShownHistogram(shape, alike.filter(isHistogram))
    else if (type === 'counter') countAll(new Counter(shape), alike.filter(isNumber))
    else setAll(new Gauge(shape), alike.filter(isNumber))
  }
  return registry.metrics()
}

function groupsOf(samples: readonly Sample[]): ReadonlyMap<string, readonly Sample[]> {
  const byName = new Map<string, Sample[]>()
  for (const sample of samples) {
    const name = sample.name.replace(/[^\w:]/g, '_').replace(/^(?=\d)/, '_')
    byName.set(name, [...(byName.get(name) ?? []), sample])
  }
  return byName
}

const isHistogram = (sample: Sample): sample is HistogramSample => sample.type === 'histogram'
const isNumber = (sample: Sample): sample is NumberSample => sample.type !== 'histogram'

/** Histograms that were counted elsewhere: the library's own takes single values only. */
class ShownHistogram extends Gauge {
  readonly #samples: readonly HistogramSample[]
  readonly #shape: GaugeConfiguration<string>

  constructor(shape: GaugeConfiguration<string>, samples: readonly HistogramSample[]) {
    super(shape)
    this.#shape = shape
    this.#samples = samples
  }

  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const values = this.#samples.flatMap((sample) => rowsOf(this.#shape.name, sample))
    // Declared are numbers, where the library has words.
    const type = 'histogram' as unknown as MetricType
    return { ...(await super.get()), type, values }
  }
}

function rowsOf(name: string, { buckets, sum, count, labels }: HistogramSample): MetricValueWithName<string>[] {
  const own = labelsOf(labels)
  return [
    ...buckets.map((bucket) => ({
      metricName: `${name}_bucket`,
      labels: { le: bucket.upTo, ...own },
      value: bucket.count,
    })),
    { metricName: `${name}_bucket`, labels: { le: '+Inf', ...own }, value: count },
    { metricName: `${name}_sum`, labels: own, value: sum },
    { metricName: `${name}_count`, labels: own, value: count },
  ]
}

function countAll(counter: Counter, group: readonly NumberSample[]): void {
  for (const { labels, value } of group) if (value >= 0) counter.inc(labelsOf(labels), value)
}

function setAll(gauge: Gauge, group: readonly NumberSample[]): void {
  for (const { labels, value } of group) gauge.set(labelsOf(labels), value)
}

function labelsOf(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [labelName(name), value]))
}

function labelName(name: string): string {
  return name.replace(/\W/g, '_').replace(/^(?=\d)/, '_')
}
