import { type BeanContext } from '@aesop/kernel'
import { type BeanClass, type ComponentDefinition, type ContainerDefinition, type PropertySchema } from '@aesop/runtime'

/** What the beans of a test did, in order. */
export class Diary {
  readonly lines: string[] = []

  write(line: string): void {
    this.lines.push(line)
  }
}

/** What a bean of the fixtures may be told to do. */
export interface Deeds {
  readonly fail?: string
  readonly hang?: string
  readonly needs?: unknown
}

/** A class whose beans write every step of their lives into a diary, and fail or hang where they are told to. */
export function recorder(diary: Diary): BeanClass {
  return class Recorder {
    readonly options: Deeds
    readonly context: BeanContext
    constructor(options: Deeds, context: BeanContext) {
      this.options = options
      this.context = context
      this.#step('construct')
    }
    init(): Promise<void> {
      return this.#do('init')
    }
    start(): Promise<void> {
      return this.#do('start')
    }
    stop(): Promise<void> {
      return this.#do('stop')
    }
    destroy(): Promise<void> {
      return this.#do('destroy')
    }
    async #do(step: string): Promise<void> {
      this.#step(step)
      if (this.options.hang === step) await new Promise(() => undefined)
    }
    #step(step: string): void {
      diary.write(`${step} ${this.context.id}`)
      if (this.options.fail === step) throw new Error(`${step} was told to fail`)
    }
  }
}

function component(
  make: BeanClass,
  properties: Record<string, PropertySchema>,
  required: string[] = [],
): ComponentDefinition {
  return {
    description: 'A class of the tests.',
    schema: { type: 'object', properties, required, additionalProperties: false },
    load: () => Promise.resolve(make),
  }
}

const deeds = { fail: { type: 'string' }, hang: { type: 'string' }, needs: { 'x-any': true } }

/** A factory bean: the id is the product, `&id` the factory. */
class WidgetFactory {
  readonly options: object
  constructor(options: object) {
    this.options = options
  }
  createInstance(): object {
    return { widgetOf: this.options, greet: () => 'hello', size: 3 }
  }
}

class Holder {
  readonly options: Record<string, unknown>
  constructor(options: Record<string, unknown>) {
    this.options = options
  }
}

class Positional {
  readonly args: unknown[]
  constructor(...args: unknown[]) {
    this.args = args
  }
}

/** A component container for tests: it knows nothing of change data. */
export function fixtureContainer(diary: Diary = new Diary(), name = 'fixture'): ContainerDefinition {
  const recorded = recorder(diary)
  return {
    name,
    className: `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}RuntimeComponentContainer`,
    descriptorName: `${name}-config.yaml`,
    roots: ['Step', 'Holder', 'WidgetFactory', 'Positional'],
    catalogue: {
      components: {
        Step: component(recorded, deeds),
        WidgetFactory: component(WidgetFactory, { color: { type: 'string' } }),
        Positional: component(Positional, { extra: { type: 'string' } }),
        Source: component(Holder, { uri: { type: 'string' }, id: { type: 'integer', format: 'int64' } }, ['uri']),
        Holder: component(Holder, {
          source: { 'x-bean': 'Source' },
          sources: { type: 'array', items: { 'x-bean': 'Source' } },
          props: {
            'x-flat': true,
            type: 'object',
            properties: {
              'a.port': { type: 'integer' },
              'a.first': { type: 'integer', format: 'int64' },
              'a.on': { type: 'boolean' },
            },
            additionalProperties: false,
          },
          port: { type: 'integer', minimum: 1, maximum: 65535 },
          name: { type: 'string' },
          pin: { type: 'string', secret: true, minLength: 4 },
          phrase: { type: 'string', format: 'password' },
          mode: { enum: ['fast', 'slow'] },
          names: { type: 'array', items: { type: 'string' } },
          greeter: { 'x-methods': ['greet'] },
          anything: { 'x-any': true },
        }),
      },
      constants: { Colour: { RED: 1, GREEN: 2 } },
    },
  }
}
