import { type Application, launch } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { BOOTSTRAP, DescriptorFolder } from './support/descriptor-folder.ts'
import { fixtureContainer } from './support/fixture-container.ts'

interface Held {
  readonly options: Readonly<Record<string, unknown>>
}

async function launched(text: string, more: Record<string, string> = {}, options = {}): Promise<Application> {
  using folder = DescriptorFolder.withFixture(text, more)
  return await launch(folder.bootstrap, { containers: [fixtureContainer()], env: {}, ...options })
}

async function optionsOf(properties: string, options = {}): Promise<Readonly<Record<string, unknown>>> {
  const application = await launched(
    `beans:\n  holder:\n    class: Holder\n    properties: ${properties}\n`,
    {},
    options,
  )
  return (application.get('holder') as Held).options
}

describe('values arrive as their properties want them', () => {
  test('a plain map is the properties of the implied class, text its one required property', async () => {
    const options = await optionsOf('{ source: mysql:a, sources: [one, { uri: two, id: 4294967300 }] }')
    const [one, two] = options['sources'] as Held[]
    expect((options['source'] as Held).options).toEqual({ uri: 'mysql:a' })
    expect(one?.options).toEqual({ uri: 'one' })
    expect(two?.options).toEqual({ uri: 'two', id: 4294967300n })
  })

  test('props are flat, nested or mixed, and typed by the schema', async () => {
    const options = await optionsOf('{ props: { a: { port: 1, first: 9223372036854775807 }, a.on: true } }')
    expect(options['props']).toEqual({ 'a.port': 1, 'a.first': 9223372036854775807n, 'a.on': true })
  })

  test('text from placeholders takes the type of its property', async () => {
    const set = { port: '25021', on: 'false', name: '12' }
    const options = await optionsOf(
      '{ port: "${port}", name: "${name}", props: { a.on: "${on}", a.first: "${x:7}" } }',
      { set },
    )
    expect(options).toEqual({ port: 25021, name: '12', props: { 'a.on': false, 'a.first': 7n } })
  })

  test('settings win over the environment, the environment over the file, the file over defaults', async () => {
    const text =
      'properties: { a.b: file, c.d: file, eF: file }\nbeans:\n  holder: { class: Holder, properties: { names: ["${a.b}", "${c.d}", "${eF}", "${g:${c.d}!}"] } }\n'
    const application = await launched(
      text,
      {},
      { set: { 'a.b': 'set' }, env: { A_B: 'env', C_D: 'env', E_F: 'snake' } },
    )
    expect((application.get('holder') as Held).options['names']).toEqual(['set', 'env', 'snake', 'env!'])
  })

  test('a backslash keeps a placeholder as it is written', async () => {
    expect(await optionsOf("{ name: 'a \\${b} c' }")).toEqual({ name: 'a ${b} c' })
  })

  test('yes, no and leading zeros are text and numbers of YAML 1.2', async () => {
    expect(await optionsOf('{ anything: [no, 012, ~, 1.5, 0x10] }')).toEqual({ anything: ['no', 12, null, 1.5, 16] })
  })

  test('value: takes a map with reserved keys as it is', async () => {
    expect(await optionsOf('{ anything: { value: { ref: x, class: [y] } } }')).toEqual({
      anything: { ref: 'x', class: ['y'] },
    })
  })
})

describe('beans are wired as the descriptor says', () => {
  test('constants and maps with converted keys', async () => {
    const application = await launched(`beans:
  holder: { class: Holder, properties: { port: { const: Colour.GREEN }, anything: { ref: byColour } } }
  byColour: { keys: Colour, map: { RED: { ref: one }, GREEN: 2 } }
  byNumber: { keys: integer, map: { 40: { ref: one } } }
  byText: { map: { a: 1 } }
  one: { value: 1 }
`)
    expect((application.get('holder') as Held).options).toEqual({
      port: 2,
      anything: new Map([
        [1, 1],
        [2, 2],
      ]),
    })
    expect(application.get('byNumber')).toEqual(new Map([[40, 1]]))
    expect(application.get('byText')).toEqual(new Map([['a', 1]]))
  })

  test('a reference is the same object everywhere', async () => {
    const application = await launched(`beans:
  holder: { class: Holder, properties: { source: { ref: s }, sources: [{ ref: s }, { class: Source, properties: { uri: b } }] } }
  s: { class: Source, properties: { uri: a } }
`)
    const { options } = application.get('holder') as Held
    expect(options['source']).toBe(application.get('s'))
    expect((options['sources'] as unknown[])[0]).toBe(application.get('s'))
  })

  test('the id of a factory bean is its product, &id the factory', async () => {
    const application = await launched(`beans:
  widget: { class: WidgetFactory, properties: { color: red } }
  holder: { class: Holder, properties: { greeter: { ref: widget }, name: { ref: widget, call: greet }, port: { ref: widget, get: size }, anything: { ref: "&widget" } } }
`)
    const { options } = application.get('holder') as Held
    expect(application.get('widget')).toMatchObject({ widgetOf: { color: 'red' } })
    expect(options['name']).toBe('hello')
    expect(options['port']).toBe(3)
    expect(options['anything']).toMatchObject({ options: { color: 'red' } })
    expect(options['anything']).toBe(application.get('&widget'))
  })

  test('args are positional; properties follow them, then the context', async () => {
    const application = await launched(`beans:
  a: { class: Positional, args: [1, { ref: b }] }
  b: { class: Positional, args: [x], properties: { extra: y } }
`)
    const [a, b] = ['a', 'b'].map((id) => application.get(id) as { args: unknown[] })
    expect(a?.args.slice(0, 2)).toEqual([1, b])
    expect(a?.args[2]).toMatchObject({ id: 'a', container: 'fixture' })
    expect(b?.args.slice(0, 2)).toEqual(['x', { extra: 'y' }])
  })

  test('imports bring beans and properties; the importing file wins', async () => {
    const application = await launched(
      'imports: [./common.yaml, "optional:./absent.yaml"]\nproperties: { x: here }\nbeans:\n  holder: { class: Holder, properties: { source: { ref: s } } }\n',
      {
        'common.yaml':
          'imports: [./fixture-config.yaml]\nproperties: { x: there, y: there }\nbeans:\n  s: { class: Source, properties: { uri: "${x} ${y}" } }\n',
      },
    )
    expect(((application.get('holder') as Held).options['source'] as Held).options).toEqual({ uri: 'here there' })
  })

  test('a chain of 10,000 beans is made', { timeout: 30_000 }, async () => {
    const count = 10_000
    const lines = Array.from({ length: count }, (_, i) =>
      i + 1 < count
        ? `  b${i}: { class: Step, properties: { needs: { ref: b${i + 1} } } }`
        : `  b${i}: { class: Step }`,
    )
    const application = await launched(`beans:\n${lines.join('\n')}\n`)
    expect(application.beanCount).toBe(count)
  })

  test('a class of the user is loaded from its TypeScript file, relative to the descriptor', async () => {
    using folder = DescriptorFolder.withFixture(
      'beans:\n  holder: { class: Holder, properties: { greeter: { class: ./code/user.ts#Greeter, properties: { word: hi } } } }\n',
      {
        'code/user.ts':
          'export class Greeter {\n  readonly word: string\n  constructor(o: { word: string }) { this.word = o.word }\n  greet = (): string => this.word\n}\n',
      },
    )
    const application = await launch(folder.bootstrap, { containers: [fixtureContainer()] })
    const { greeter } = (application.get('holder') as Held).options as { greeter: { greet(): string } }
    expect(greeter.greet()).toBe('hi')
  })
})

describe('descriptors are found', () => {
  const holder = (name: string): string => `beans:\n  holder: { class: Holder, properties: { name: ${name} } }\n`
  const seedForm = `beans:
  info:
    class: BootstrapInfo
    properties: { projectsRoot: $RUNTIME_CONFIG_PATH/../../, container: { ref: containerImpl } }
  containerImpl:
    class: RuntimeContainer
    properties: { componentContainers: [{ id: x, class: FixtureRuntimeComponentContainer }] }
`

  test('below resources/external of the projects root, but not in node_modules', async () => {
    using folder = new DescriptorFolder({
      'main/resources/external/bootstrap.yaml': seedForm,
      'main/a/resources/external/deep/fixture-config.yaml': holder('deep'),
      'main/node_modules/resources/external/fixture-config.yaml': 'broken',
      'main/other/fixture-config.yaml': 'broken',
    })
    const application = await launch(folder.file('main/resources/external/bootstrap.yaml'), {
      containers: [fixtureContainer()],
    })
    expect((application.get('holder') as Held).options).toEqual({ name: 'deep' })
    expect(application.plan.projectsRoot).toBe(folder.file('main'))
    expect(application.plan.stateDirectory).toBe(folder.file('main/.aesop'))
  })

  test('config of the container comes first, then the folder of the bootstrap descriptor', async () => {
    const withConfig = BOOTSTRAP.replace(
      '[fixture]',
      '[{ class: FixtureRuntimeComponentContainer, properties: { config: ./sub/own.yaml } }]',
    )
    using folder = new DescriptorFolder({
      'bootstrap.yaml': withConfig,
      'plain/bootstrap.yaml': BOOTSTRAP,
      'sub/own.yaml': holder('own'),
      'fixture-config.yaml': holder('beside'),
      'plain/fixture-config.yaml': holder('plain'),
      'plain/resources/external/fixture-config.yaml': holder('external'),
    })
    const own = await launch(folder.bootstrap, { containers: [fixtureContainer()] })
    const plain = await launch(folder.file('plain/bootstrap.yaml'), { containers: [fixtureContainer()] })
    expect((own.get('holder') as Held).options).toEqual({ name: 'own' })
    expect((plain.get('holder') as Held).options).toEqual({ name: 'plain' })
  })
})
