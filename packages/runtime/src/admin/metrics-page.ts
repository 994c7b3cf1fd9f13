import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { type Logger, type Metric, type Observable } from '@aesop/kernel'
import { type Application } from '../lifecycle/application.ts'
import { healthReport } from './health-report.ts'

/** One metric with the labels that say whose it is. */
interface Sample extends Metric {
  readonly labels: Readonly<Record<string, string>>
}

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
    const beans = await textOf([...containerSamples(this.#application), ...own, ...this.#samples()])
    const { contentType } = this.#processMetrics
    return { contentType, text: `${await this.#processMetrics.metrics()}\n${beans}` }
  }

  end(): void {
    this.#processMetrics.clear()
  }

  #samples(): Sample[] {
    return this.#application.containers.flatMap((container) =>
      container.current.startedBeans.flatMap(({ id, instance }) =>
        this.#metricsOf(container.name, id, instance).map((metric) => ({
          ...metric,
          labels: { ...metric.labels, container: container.name, bean: id },
        })),
      ),
    )
  }

  /** A bean whose metrics fail costs no others theirs. */
  #metricsOf(container: string, bean: string, instance: Observable): readonly Metric[] {
    if (typeof instance.metrics !== 'function') return []
    try {
      return instance.metrics()
    } catch (error) {
      this.#log.warn('a bean failed to tell its metrics', { container, bean, error })
      return []
    }
  }
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
async function textOf(samples: readonly Sample[]): Promise<string> {
  const registry = new Registry()
  const byName = new Map<string, Sample[]>()
  for (const sample of samples) {
    const name = sample.name.replace(/[^\w:]/g, '_').replace(/^(?=\d)/, '_')
    byName.set(name, [...(byName.get(name) ?? []), sample])
  }
  for (const [name, group] of byName) {
    const [{ help, type }] = group as [Sample, ...Sample[]]
    const labelNames = [...new Set(group.flatMap(({ labels }) => Object.keys(labels)))].map(labelName)
    const shape = { name, help: help === '' ? name : help, labelNames, registers: [registry] }
    if (type === 'counter') countAll(new Counter(shape), group)
    else setAll(new Gauge(shape), group)
  }
  return registry.metrics()
}

function countAll(counter: Counter, group: readonly Sample[]): void {
  for (const { labels, value } of group) if (value >= 0) counter.inc(labelsOf(labels), value)
}

function setAll(gauge: Gauge, group: readonly Sample[]): void {
  for (const { labels, value } of group) gauge.set(labelsOf(labels), value)
}

function labelsOf(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [labelName(name), value]))
}

function labelName(name: string): string {
  return name.replace(/\W/g, '_').replace(/^(?=\d)/, '_')
}
