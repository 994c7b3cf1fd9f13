import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { type AnyMetric, type Health } from '@aesop/kernel'
import { type BeanClass, type ContainerDefinition, type PlatformEvent, type RuntimeBeanContext } from '@aesop/runtime'
import { type Diary, fixtureContainer } from './fixture-container.ts'

interface Greeting {
  readonly word: string
}

/** A bean that serves its word over HTTP, and shows everything that a bean can show. */
export class Greeter {
  readonly options: Greeting
  readonly context: RuntimeBeanContext
  health: () => Health = () => ({ status: 'up' })
  told: unknown
  #server: Server | undefined

  constructor(options: Greeting, context: RuntimeBeanContext) {
    this.options = options
    this.context = context
  }

  readonly actions = {
    tell: (what: unknown): unknown => {
      this.told = what
      return { told: what, length: 9007199254740993n }
    },
    fail: (): never => {
      throw new Error('the action was told to fail')
    },
  }

  async start(): Promise<void> {
    this.#server = createServer((_request, response) => response.end(this.options.word))
    const server = this.#server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }

  get port(): number {
    return (this.#server?.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }

  metrics(): readonly AnyMetric[] {
    if (this.options.word === 'no metrics') throw new Error('no metrics today')
    return [
      { name: 'greetings_total', help: 'Greetings.', type: 'counter', value: 3, labels: { word: this.options.word } },
      { name: 'greeting.length', help: 'Length.', type: 'gauge', value: this.options.word.length },
    ]
  }

  describe(): unknown {
    return { word: this.options.word, url: 'mysql://me%2Fhunter22@localhost/1/x' }
  }
}

/** A bean that writes down the platform events that it is told of. */
export class Listener {
  readonly events: PlatformEvent[] = []
  readonly options: { readonly fail?: boolean }
  constructor(options: { readonly fail?: boolean }) {
    this.options = options
  }
  onPlatformEvent(event: PlatformEvent): void {
    this.events.push(event)
    if (this.options.fail === true) throw new Error(`no ${event.type} for me`)
  }
}

/** The container of the fixtures with the two classes above, `Step` included. */
export function deedsContainer(diary?: Diary, name = 'fixture'): ContainerDefinition {
  const plain = fixtureContainer(diary, name)
  const component = (make: unknown, properties: object): ContainerDefinition['catalogue']['components'][string] => ({
    description: 'A class of the tests.',
    schema: { type: 'object', properties, additionalProperties: false },
    load: () => Promise.resolve(make as BeanClass),
  })
  return {
    ...plain,
    roots: [...plain.roots, 'Greeter', 'Listener'],
    catalogue: {
      ...plain.catalogue,
      components: {
        ...plain.catalogue.components,
        Greeter: component(Greeter, { word: { type: 'string' }, needs: { 'x-any': true } }),
        Listener: component(Listener, { fail: { type: 'boolean' } }),
      },
    },
  }
}
