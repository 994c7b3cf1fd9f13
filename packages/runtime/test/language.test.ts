import fc from 'fast-check'
import { type Application, launch, prepareLaunch, type PreparationOptions } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { descriptorTree } from '../src/descriptor/descriptor-tree.ts'
import { parseJavaProperties } from '../src/descriptor/java-properties.ts'
import { scalarText, writeYaml } from '../src/descriptor/yaml-writer.ts'
import { DescriptorFolder } from './support/descriptor-folder.ts'
import { Diary, fixtureContainer } from './support/fixture-container.ts'
import { assertAsyncProperty } from '../../../test/support/property.ts'

const SEED = 20_261_122

interface Held {
  readonly options: Readonly<Record<string, unknown>>
}

async function launched(
  text: string,
  more: Record<string, string> = {},
  options: Partial<PreparationOptions> = {},
  diary = new Diary(),
): Promise<Application> {
  using folder = DescriptorFolder.withFixture(text, more)
  const properties = (options.properties ?? []).map((name) => folder.file(name))
  return await launch(folder.bootstrap, { containers: [fixtureContainer(diary)], env: {}, ...options, properties })
}

const optionsOf = (application: Application, id: string): unknown => (application.get(id) as Held).options

describe('a child takes over what its parent says', () => {
  test('the child wins per property; merge joins lists and maps; the rest of the definition is inherited', async () => {
    const application = await launched(`beans:
  base: { abstract: true, class: Holder, properties: { port: 1, name: base, names: [a], anything: { x: 1, y: 1 } } }
  middle: { abstract: true, parent: base, properties: { name: middle } }
  one: { parent: middle, merge: [names, anything], properties: { names: [b], anything: { y: 2, z: 2 } } }
  two: { parent: one, class: Holder, properties: { names: [c] } }
`)
    expect(optionsOf(application, 'one')).toEqual({
      port: 1,
      name: 'middle',
      names: ['a', 'b'],
      anything: { x: 1, y: 2, z: 2 },
    })
    expect(optionsOf(application, 'two')).toMatchObject({ name: 'middle', names: ['c'] })
    expect(application.get('base')).toBeUndefined()
  })

  test('each child gets beans of its own, and what a parent refers to is shared', async () => {
    const application = await launched(`beans:
  s: { class: Source, properties: { uri: shared } }
  base: { abstract: true, class: Holder, properties: { source: { ref: s }, sources: [own] } }
  one: { parent: base }
  two: { parent: base }
`)
    const [one, two] = ['one', 'two'].map((id) => optionsOf(application, id) as Record<string, unknown[]>)
    expect(one?.['source']).toBe(two?.['source'])
    expect(one?.['sources']?.[0]).not.toBe(two?.['sources']?.[0])
  })

  test('args and hooks are inherited, dependsOn is not; an inner bean may have a parent too', async () => {
    const diary = new Diary()
    const application = await launched(
      `beans:
  base: { abstract: true, class: Positional, args: [1, 2], dependsOn: [last] }
  a: { parent: base }
  b: { parent: base, args: [3] }
  holder: { class: Holder, properties: { anything: [{ parent: base }] } }
  last: { class: Step }
`,
      {},
      {},
      diary,
    )
    const argsOf = (bean: unknown): unknown => (bean as { args: unknown[] }).args.slice(0, -1)
    expect([argsOf(application.get('a')), argsOf(application.get('b'))]).toEqual([[1, 2], [3]])
    expect(argsOf((optionsOf(application, 'holder') as { anything: unknown[] }).anything[0])).toEqual([1, 2])
  })

  test('a chain of 5,000 parents is no deeper than one', async () => {
    const links = Array.from({ length: 5000 }, (_, i) => `  b${i}: { abstract: true, parent: b${i + 1} }\n`)
    const application = await launched(
      `beans:\n  a: { parent: b0 }\n${links.join('')}  b5000: { abstract: true, class: Holder, properties: { port: 7 } }\n`,
    )
    expect(optionsOf(application, 'a')).toEqual({ port: 7 })
  })
})

describe('profiles choose beans and values', () => {
  const text = `imports: [prod.yaml]
beans:
  h: { class: Holder, properties: { name: "\${stage:none}", anything: { ref: s } } }
  s: { class: Source, when: { profile: "!prod" }, properties: { uri: local } }
`
  const files = {
    'prod.yaml': 'beans:\n  s: { class: Source, when: { profile: [prod] }, properties: { uri: far } }\n',
    'runtime-config.yaml': 'stage: base\n',
    'runtime-config-prod.yaml': 'stage: production\n',
  }

  test.each([
    [{}, 'local', 'base'],
    [{ profiles: ['prod'] }, 'far', 'production'],
    [{ env: { AESOP_PROFILE: 'prod' } }, 'far', 'production'],
  ])('with %j', async (options, uri, name) => {
    const application = await launched(text, files, options)
    const { options: held } = application.get('h') as Held
    expect(held['name']).toBe(name)
    expect((held['anything'] as Held).options).toEqual({ uri })
  })
})

describe('values come from the first source that has them', () => {
  const text = 'properties: { k: descriptor }\nbeans: { h: { class: Holder, properties: { name: "${k}" } } }\n'
  const layers: [string, Record<string, string>, Partial<PreparationOptions>][] = [
    ['descriptor', {}, {}],
    ['beside', { 'runtime-config.properties': 'k=beside\n' }, {}],
    ['yaml', { 'runtime-config.yaml': 'k: yaml\n' }, {}],
    ['named', { 'named.yaml': 'k: named\n' }, { properties: ['named.yaml'] }],
    ['profile', { 'runtime-config-dev.yaml': 'k: profile\n' }, { profiles: ['dev'] }],
    ['env', {}, { env: { K: 'env' } }],
    ['set', {}, { set: { k: 'set' } }],
  ]

  test.each(layers.map(([name], i) => [name, i] as const))('%s wins over all before it', async (name, last) => {
    const chosen = layers.slice(0, last + 1)
    const files = Object.assign({}, ...chosen.map(([, each]) => each)) as Record<string, string>
    const options = Object.assign({}, ...chosen.map(([, , each]) => each)) as Partial<PreparationOptions>
    expect(optionsOf(await launched(text, files, options), 'h')).toEqual({ name })
  })

  test('a file may refer to other keys, and flat and nested keys are the same', async () => {
    const application = await launched(
      'beans: { h: { class: Holder, properties: { name: "${a.b}", port: "${a.p}" } } }\n',
      { 'runtime-config.yaml': 'a: { b: "${c}-${d:z}", p: 80 }\nc: x\n' },
    )
    expect(optionsOf(application, 'h')).toEqual({ name: 'x-z', port: 80 })
  })

  test('a .properties file is read as Java reads it', () => {
    const text = '# c\n! c\n a.b = 1\\\n   2\nc:\\u0041\\t|\nd e\nf=\\\\\ng\\ h=i=j\n\nc=last'
    const { values, places } = parseJavaProperties('/x.properties', text)
    expect(Object.fromEntries([...values].map(([key, { value }]) => [key, value]))).toEqual({
      'a.b': '12',
      c: 'last',
      d: 'e',
      f: '\\',
      'g h': 'i=j',
    })
    expect(places.get('d')?.start).toBe(text.indexOf('d e'))
  })
})

describe('--set reaches properties of beans', () => {
  test('existing and new ones, inside of maps, lists, implied beans and props', async () => {
    const set = {
      'h.port': '81',
      'h.name': '12',
      'h.names[1]': 'z',
      'h.source.uri': 'new',
      'h.props.a.port': '2',
      'h.props.a.on': 'true',
      'b.c.mode': 'slow',
    }
    const application = await launched(
      `beans:
  h: { class: Holder, properties: { port: 80, names: [a, b], source: { uri: old }, props: { a.port: 1 } } }
  b.c: { class: Holder }
`,
      {},
      { set },
    )
    const { source, ...rest } = optionsOf(application, 'h') as Record<string, unknown>
    expect(rest).toEqual({ port: 81, name: '12', names: ['a', 'z'], props: { 'a.port': 2, 'a.on': true } })
    expect((source as Held).options).toEqual({ uri: 'new' })
    expect(optionsOf(application, 'b.c')).toEqual({ mode: 'slow' })
  })

  test('a bean of the bootstrap descriptor too, and the projects root', async () => {
    using folder = DescriptorFolder.withFixture('beans: { h: { class: Holder } }')
    const options = { containers: [fixtureContainer()], env: {}, set: { 'bootstrapInfo.applicationName': 'other' } }
    const { launch: plan } = await prepareLaunch(folder.bootstrap, { ...options, projectsRoot: '/elsewhere' })
    expect(plan).toMatchObject({
      applicationName: 'other',
      projectsRoot: '/elsewhere',
      stateDirectory: '/elsewhere/.aesop',
    })
  })
})

describe('classes of the user', () => {
  test('a static factory makes the bean, also one that is no object and one that comes later', async () => {
    const application = await launched(
      `beans:
  h: { class: Holder, properties: { anything: [{ ref: a }, { ref: b }, { ref: c, get: word }] } }
  a: { class: ./u.mjs#Maker, factory: text, args: [x] }
  b: { class: ./u.mjs#Maker, factory: later, properties: { word: y } }
  c: { class: ./u.mjs#Maker, factory: later, properties: { word: z } }
`,
      {
        'u.mjs':
          'export class Maker { static text(arg) { return "made of " + arg } static async later({ word }) { return { word } } }\n',
      },
    )
    expect(optionsOf(application, 'h')).toEqual({ anything: ['made of x', { word: 'y' }, 'z'] })
  })

  test('a Standard Schema converts the properties when the bean is made, and a refusal names the bean', async () => {
    const module = `
const validate = async ({ size }) => typeof size === 'number' ? { value: { size: size * 2 } } : { issues: [{ message: 'no number', path: [{ key: 'size' }] }] }
export class Sized { static schema = { '~standard': { version: 1, vendor: 't', validate } }; constructor(options) { this.options = options } }
`
    const text = (size: string): string =>
      `beans:\n  h: { class: Holder, properties: { anything: { class: ./u.mjs#Sized, properties: { size: ${size} } } } }\n`
    const application = await launched(text('4'), { 'u.mjs': module })
    expect((optionsOf(application, 'h') as { anything: Held }).anything.options).toEqual({ size: 8 })
    await expect(launched(text('x'), { 'u.mjs': module })).rejects.toThrow('size: no number')
  })
})

describe('what a bean will import by itself', () => {
  const module = (fails: string): string => `globalThis.loads ??= []
class Vault { static schema = { type: 'object' } }
const schema = { type: 'object', properties: { door: { type: 'string' }, other: { 'x-any': true } } }
const loadAhead = async (properties) => { globalThis.loads.push(['ahead', properties.door]); ${fails} }
export const aesopModule = { name: 'v', components: { Vault: { description: 'V.', schema, loadAhead,
  load: async () => { globalThis.loads.push(['load']); return Vault } } } }
`
  const user = "globalThis.loads.push(['user']); export class Own { static schema = { type: 'object' } }"
  const text = `modules: [./v.mjs]
beans: { h: { class: Holder, properties: { anything: { class: Vault, properties: { door: north, other: { class: './own.mjs#Own' } } } } } }
`
  const loadsOf = async (preload: boolean, fails = ''): Promise<unknown> => {
    const loads: unknown[] = []
    Object.assign(globalThis, { loads })
    using folder = DescriptorFolder.withFixture(text, { 'v.mjs': module(fails), 'own.mjs': user })
    const options = { containers: [fixtureContainer()], env: {}, preload }
    expect((await prepareLaunch(folder.bootstrap, options)).problems).toEqual([])
    return loads
  }

  test('is loaded before the modules of the user, with the properties of the bean', async () => {
    expect(await loadsOf(true)).toEqual([['load'], ['ahead', 'north'], ['user']])
  })

  test('is not loaded by a check', async () => {
    expect(await loadsOf(false)).toEqual([['user']])
  })

  test('is left to the bean when it can not be loaded ahead', async () => {
    expect(await loadsOf(true, "throw new Error('no such module')")).toEqual([['load'], ['ahead', 'north'], ['user']])
  })
})

describe('modules bring components, constants and extensions', () => {
  const log = 'globalThis.moduleDiary ??= []; const say = (line) => globalThis.moduleDiary.push(line)\n'
  const diary = (): string[] => (globalThis as { moduleDiary?: string[] }).moduleDiary?.splice(0) ?? []
  const extension = (name: string, needs: string, veto = ''): string =>
    `${log}class Box { static schema = { type: 'object' }; constructor(options) { this.options = options; say('make') } }
export const aesopModule = { name: '${name}', components: { Box${name}: Box }, constants: { Size${name}: { BIG: 9 } }, dependsOn: [${needs}],
  extension: { init(context) { say('init ${name} ' + context.container); ${veto} }, destroy() { say('destroy ${name}') } } }
`

  test('extensions run before the beans in the order of their needs, and end after them', async () => {
    diary()
    const application = await launched(
      'modules: [./x.mjs, ./y.mjs]\nbeans:\n  h: { class: Holder, properties: { anything: { class: Boxx, properties: { size: { const: Sizey.BIG } } } } }\n',
      { 'x.mjs': extension('x', "'y'"), 'y.mjs': extension('y', '') },
    )
    expect((optionsOf(application, 'h') as { anything: Held }).anything.options).toEqual({ size: 9 })
    await application.stop()
    expect(diary()).toEqual(['init y extensions', 'init x extensions', 'make', 'destroy x', 'destroy y'])
  })

  test('the order holds through a module that has no extension', async () => {
    diary()
    await launched('modules: [./x.mjs, ./n.mjs, ./y.mjs]\nbeans: { h: { class: Holder } }\n', {
      'x.mjs': extension('x', "'n'"),
      'n.mjs': "export const aesopModule = { name: 'n', components: {}, dependsOn: ['y'] }",
      'y.mjs': extension('y', ''),
    })
    expect(diary()).toEqual(['init y extensions', 'init x extensions'])
  })

  test('an extension that throws vetoes the launch: no bean is made, and the others end again', async () => {
    diary()
    const failing = launched('modules: [./x.mjs, ./y.mjs]\nbeans: { h: { class: Holder } }\n', {
      'x.mjs': extension('x', "'y'", "throw new Error('not today')"),
      'y.mjs': extension('y', ''),
    })
    await expect(failing).rejects.toMatchObject({ code: 'AESOP_RUNTIME_BUILD_FAILED', message: /not today/ })
    expect(diary()).toEqual(['init y extensions', 'init x extensions', 'destroy x', 'destroy y'])
  })

  test('a module that the bootstrap descriptor names serves every container', async () => {
    using folder = DescriptorFolder.withFixture(
      'beans: { h: { class: Holder, properties: { anything: { class: Boxz } } } }',
      {
        'bootstrap.yaml':
          'modules: [./z.mjs]\nbeans: { i: { class: BootstrapInfo, properties: { componentContainers: [fixture] } } }\n',
        'z.mjs': extension('z', ''),
      },
    )
    const { problems } = await prepareLaunch(folder.bootstrap, { containers: [fixtureContainer()], env: {} })
    expect(problems).toEqual([])
  })
})

describe('what is printed is a descriptor again', () => {
  const key = fc.string({ minLength: 1, maxLength: 8 })
  const scalar = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt({ min: 0n, max: 2n ** 63n }),
  )
  const value = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, scalar, tie('list'), tie('map')),
    list: fc.array(tie('value'), { maxLength: 4 }),
    map: fc.dictionary(fc.oneof(key, fc.constantFrom('ref', 'class', 'a.b', '40')), tie('value'), { maxKeys: 4 }),
  })).value

  test('any values, read, printed and read again, are printed the same', async () => {
    const reached = { nested: 0, placeholderLike: 0, reserved: 0 }
    await assertAsyncProperty(
      fc.asyncProperty(value, async (written) => {
        const text = JSON.stringify(written, (_key, each: unknown) =>
          typeof each === 'bigint' ? Number(each) : each,
        ).replaceAll('${', '\\\\${')
        if (/[[{].*[[{]/.test(text)) reached.nested++
        if (/[$\\]/.test(text)) reached.placeholderLike++
        if (/"(?:ref|class)":/.test(text)) reached.reserved++
        const once = await printed(`beans:\n  h: { value: ${text} }\n`)
        expect(await printed(once)).toBe(once)
      }),
      { seed: SEED, numRuns: 150, reached, atLeast: 2 },
    )
  })

  test('every text is written so that it is read as the same text', async () => {
    const reached = { ascii: 0, beyond: 0, control: 0 }
    await assertAsyncProperty(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        fc.pre(!/\p{Cs}/u.test(text) && !text.includes('${'))
        reached[/[^\0-\x7f]/.test(text) ? 'beyond' : 'ascii']++
        if (/\p{Cc}/u.test(text)) reached.control++
        using folder = DescriptorFolder.withFixture(`beans:\n  h: { value: [${scalarText(text)}] }\n`)
        const { descriptors } = await prepareLaunch(folder.bootstrap, { containers: [fixtureContainer()], env: {} })
        expect(descriptors[1]?.descriptor.definitions.get('h')?.value).toMatchObject({ items: [{ value: text }] })
      }),
      { seed: SEED, numRuns: 150, reached, atLeast: 2 },
    )
  })

  test('beans with everything that a definition may have', async () => {
    const once = await printed(`properties: { uri: "a: b" }
beans:
  base: { abstract: true, class: Holder, properties: { port: 1 } }
  h: { parent: base, init: open, destroy: close, dependsOn: [m, p], properties: { source: "\${uri}", anything: { ref: m, get: x } } }
  m: { keys: Colour, map: { RED: { const: Colour.GREEN } } }
  p: { class: Positional, args: [1, { ref: m }, { id: label, class: Source, properties: { uri: "\\\\\${x}" } }] }
`)
    expect(once).toBe(`beans:
  h:
    class: Holder
    properties:
      port: 1
      source: "a: b"
      anything: { ref: m, get: x }
    init: open
    destroy: close
    dependsOn: [m, p]
  m:
    keys: Colour
    map:
      RED: { const: Colour.GREEN }
  p:
    class: Positional
    args:
      - 1
      - { ref: m }
      - id: label
        class: Source
        properties: { uri: "\\\\\${x}" }`)
    expect(await printed(once)).toBe(once)
  })
})

async function printed(text: string): Promise<string> {
  using folder = DescriptorFolder.withFixture(text)
  const { descriptors, problems } = await prepareLaunch(folder.bootstrap, { containers: [fixtureContainer()], env: {} })
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  const [, read] = descriptors
  return read === undefined ? '' : writeYaml(descriptorTree(read.descriptor))
}
