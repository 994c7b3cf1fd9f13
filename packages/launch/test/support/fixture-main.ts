import { type BeanClass } from '@aesop/runtime'
import { main } from '@aesop/launch'

interface Deeds {
  readonly fail?: string
  readonly hang?: string
  readonly later?: string
  readonly uri?: string
}
interface Context {
  fail(error: Error): void
  finish(result: { text: string; data: unknown }): void
  showProgress?(lines: readonly { text: string; waits: boolean }[]): void
}

/** A bean that prints its steps to stdout, and fails, hangs, dies or throws later where it is told to. */
class Worker {
  readonly options: Deeds
  readonly context: Context
  constructor(options: Deeds, context: Context) {
    this.options = options
    this.context = context
  }
  get isUnfinished(): boolean {
    return this.options.later === 'work'
  }
  start(): Promise<void> {
    const { later } = this.options
    if (later === 'work') this.context.showProgress?.([{ text: 'half of it', waits: false }])
    if (later === 'fail')
      setTimeout(() => {
        this.context.fail(new Error('gave up'))
      }, 10)
    if (later === 'finish')
      setTimeout(() => {
        this.context.finish({ text: 'took 7 rows', data: { rows: 7n } })
      }, 10)
    if (later === 'throw')
      setTimeout(() => {
        throw new Error('thrown later')
      }, 10)
    if (later === 'reject')
      setTimeout(() => {
        void Promise.reject(new Error('rejected later'))
      }, 10)
    return this.#do('start')
  }
  stop(): Promise<void> {
    return this.#do('stop')
  }
  async #do(step: string): Promise<void> {
    process.stdout.write(`${step}\n`)
    const what = this.options.later === 'say' ? ` with ${this.options.uri ?? ''}` : ''
    if (this.options.fail === step) throw new Error(`${step} was told to fail${what}`)
    if (this.options.hang === step) await new Promise(() => undefined)
  }
}

const text = { type: 'string' }
const components = {
  Worker: {
    description: 'A bean of the tests.',
    load: () => Promise.resolve(Worker as BeanClass),
    schema: {
      type: 'object',
      properties: { fail: text, hang: text, later: text, uri: text, port: { type: 'integer' } },
      additionalProperties: false,
    },
  },
}

await main(process.argv.slice(2), {
  contributions: [
    {
      name: 'fixture',
      commands: [
        {
          name: 'greet',
          usage: [['greet <name> --in <language>', 'says hello']],
          options: {
            in: { type: 'string', value: '<language>', words: ['fable', 'prose'], summary: 'how it is said' },
          },
          load: () =>
            Promise.resolve(({ args, values, options, containers }) => {
              const language = String(values['in'] ?? 'prose')
              process.stdout.write(
                `${JSON.stringify({ args, language, json: options.json, first: containers[0]?.name })}\n`,
              )
              return 42
            }),
        },
      ],
      pages: [
        {
          path: '/admin/fixture',
          load: () =>
            Promise.resolve((application, query) => ({ beans: application.beanCount, query, big: 2n ** 60n })),
        },
      ],
      metrics: () => [{ name: 'fixture_tales', help: 'Tales told.', type: 'counter', value: 7, labels: { by: 'fox' } }],
    },
  ],
  containers: [
    {
      name: 'fixture',
      className: 'FixtureContainer',
      descriptorName: 'fixture-config.yaml',
      catalogue: { components },
      roots: ['Worker'],
      options: { via: { value: '<n>', summary: 'port of the worker', property: 'port' } },
    },
    {
      name: 'later',
      className: 'LaterContainer',
      descriptorName: 'later-config.yaml',
      catalogue: { components },
      roots: [],
      unavailable: 'not written yet',
    },
  ],
})
