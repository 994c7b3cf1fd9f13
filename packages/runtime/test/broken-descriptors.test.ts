import { basename } from 'node:path'
import { prepareLaunch, problemRecord, SecretMask } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { DescriptorFolder } from './support/descriptor-folder.ts'
import { fixtureContainer } from './support/fixture-container.ts'

interface Case {
  readonly title: string
  readonly text: string
  /** `CODE line:column`, one per problem, in order. */
  readonly problems: readonly string[]
  /** Part of the message of the first problem. */
  readonly says?: string
  /** Part of the hint of the first problem. */
  readonly hint?: string
}

const bean = (lines: string): string => `beans:\n  holder:\n    class: Holder\n    properties:\n${lines}`

const CASES: readonly Case[] = [
  { title: 'a mapping that is not closed', text: 'beans: { a: { class: Step }', problems: ['DESCRIPTOR_SYNTAX 1:28'] },
  { title: 'a tab as indentation', text: 'beans:\n\ta: { class: Step }\n', problems: ['DESCRIPTOR_SYNTAX 2:1'] },
  { title: 'a tag', text: 'beans: { a: !ref b }', problems: ['DESCRIPTOR_SYNTAX 1:13'] },
  { title: 'an empty file', text: '', problems: ['DESCRIPTOR_SHAPE 1:1'], says: 'empty' },
  { title: 'a list instead of a map', text: '- a\n', problems: ['DESCRIPTOR_SHAPE 1:1'], says: 'must be a map' },
  { title: 'beans as a list', text: 'beans:\n  - id: a\n', problems: ['DESCRIPTOR_SHAPE 2:3'], hint: 'id: { class' },
  {
    title: 'a misspelt top-level key',
    text: 'bean: {}\nbeans: {}\n',
    problems: ['DESCRIPTOR_KEY_UNKNOWN 1:1'],
    hint: '"beans"',
  },
  {
    title: 'a module of components that is not there',
    text: 'modules: [x]\nbeans: {}\n',
    problems: ['MODULE_NOT_FOUND 1:11'],
  },
  {
    title: 'a bean without a class',
    text: 'beans:\n  a:\n    properties: {}\n',
    problems: ['DESCRIPTOR_SHAPE 3:5'],
    says: 'bean "a" has no class',
  },
  {
    title: 'a misspelt class key',
    text: 'beans:\n  a: { clas: Step }\n',
    problems: ['DESCRIPTOR_SHAPE 2:8'],
    hint: '"class" instead of "clas"',
  },
  { title: 'a bean that is text', text: 'beans:\n  a: Step\n', problems: ['DESCRIPTOR_SHAPE 2:6'] },
  {
    title: 'an unknown class',
    text: 'beans:\n  a: { class: Stop }\n',
    problems: ['DESCRIPTOR_CLASS_UNKNOWN 2:15'],
    hint: 'did you mean "Step"',
  },
  {
    title: 'a Java class name',
    text: 'beans:\n  a: { class: com.flipkart.aesop.Step }\n',
    problems: ['DESCRIPTOR_CLASS_UNKNOWN 2:15'],
    hint: 'did you mean "Step"',
  },
  {
    title: 'an unknown key of a definition',
    text: 'beans:\n  a: { class: Step, propertis: {} }\n',
    problems: ['DESCRIPTOR_KEY_UNKNOWN 2:21'],
    hint: '"properties"',
  },
  {
    title: 'a key of another language',
    text: 'beans:\n  a: { class: Step, scope: prototype }\n',
    problems: ['DESCRIPTOR_KEY_UNSUPPORTED 2:21'],
  },
  {
    title: 'a bean twice',
    text: 'beans:\n  a: { class: Step }\n  a: { class: Step }\n',
    problems: ['DESCRIPTOR_BEAN_DUPLICATE 3:3'],
    says: 'first in line 2',
  },
  {
    title: 'a property twice',
    text: bean('      port: 1\n      port: 2\n'),
    problems: ['DESCRIPTOR_BEAN_DUPLICATE 6:7'],
    says: 'first in line 5',
  },
  {
    title: 'two expressions in one',
    text: bean('      anything: { ref: holder, const: Colour.RED }\n'),
    problems: ['DESCRIPTOR_BEAN_CYCLE 5:24', 'DESCRIPTOR_SHAPE 5:32'],
  },
  {
    title: 'get and call together',
    text: `${bean('      anything: { ref: b, get: x, call: y }\n')}  b: { class: Holder }\n`,
    problems: ['DESCRIPTOR_SHAPE 5:41'],
  },
  {
    title: 'a reference to nothing',
    text: 'beans:\n  relayConfig: { class: Step }\n  a: { class: Step, properties: { needs: { ref: relayConfg } } }\n',
    problems: ['DESCRIPTOR_BEAN_UNKNOWN 3:49'],
    hint: 'did you mean "relayConfig" (fixture-config.yaml:2)?',
  },
  {
    title: 'dependsOn nothing',
    text: 'beans:\n  a: { class: Step, dependsOn: [b] }\n',
    problems: ['DESCRIPTOR_BEAN_UNKNOWN 2:33'],
  },
  {
    title: 'a bean that needs itself',
    text: 'beans:\n  a: { class: Step, properties: { needs: { ref: a } } }\n',
    problems: ['DESCRIPTOR_BEAN_CYCLE 2:49'],
    says: 'a (fixture-config.yaml:2) -> a',
  },
  {
    title: 'a circle of three',
    text: 'beans:\n  a: { class: Step, properties: { needs: { ref: b } } }\n  b: { class: Step, properties: { needs: [{ ref: c }] } }\n  c: { class: Step, dependsOn: a }\n',
    problems: ['DESCRIPTOR_BEAN_CYCLE 2:49'],
    says: 'a (fixture-config.yaml:2) -> b (fixture-config.yaml:3) -> c (fixture-config.yaml:4) -> a',
  },
  {
    title: 'an unknown property',
    text: bean('      prt: 1\n'),
    problems: ['DESCRIPTOR_PROPERTY_UNKNOWN 5:7'],
    hint: '"port"',
  },
  {
    title: 'text for an integer',
    text: bean('      port: abc\n'),
    problems: ['DESCRIPTOR_PROPERTY_TYPE 5:13'],
    says: '"port" must be an integer, got "abc"',
  },
  {
    title: 'a number out of range',
    text: bean('      port: 70000\n'),
    problems: ['DESCRIPTOR_PROPERTY_TYPE 5:13'],
    says: '"port" must be <= 65535, got 70000',
  },
  {
    title: 'a number for text',
    text: bean('      name: 12\n'),
    problems: ['DESCRIPTOR_PROPERTY_TYPE 5:13'],
    hint: 'quote it: "12"',
  },
  {
    title: 'text for a list',
    text: bean('      names: a\n'),
    problems: ['DESCRIPTOR_PROPERTY_TYPE 5:14'],
    hint: '[a]',
  },
  {
    title: 'a wrong element',
    text: bean('      names: [a, 1]\n'),
    problems: ['DESCRIPTOR_PROPERTY_TYPE 5:18'],
    says: '"names[1]" must be text',
  },
  {
    title: 'a word outside of an enumeration',
    text: bean('      mode: fats\n'),
    problems: ['DESCRIPTOR_PROPERTY_TYPE 5:13'],
    hint: '"fast"',
  },
  {
    title: 'an unknown dotted key',
    text: bean('      props: { a.prt: 1 }\n'),
    problems: ['DESCRIPTOR_PROPERTY_UNKNOWN 5:16'],
    hint: '"a.port"',
  },
  {
    title: 'an unknown nested key of props',
    text: bean('      props: { a: { prt: 1 } }\n'),
    problems: ['DESCRIPTOR_PROPERTY_UNKNOWN 5:21'],
    hint: '"a.port"',
  },
  {
    title: 'a dotted key in two forms',
    text: bean('      props: { a: { port: 1 }, a.port: 2 }\n'),
    problems: ['DESCRIPTOR_BEAN_DUPLICATE 5:32'],
  },
  {
    title: 'an integer beyond 64 bits',
    text: bean('      props: { a.first: 9223372036854775808 }\n'),
    problems: ['DESCRIPTOR_PROPERTY_TYPE 5:25'],
    says: '64 bits',
  },
  {
    title: 'an integer beyond a double',
    text: bean('      props: { a.port: 9007199254740993 }\n'),
    problems: ['DESCRIPTOR_PROPERTY_TYPE 5:24'],
    says: '2^53',
  },
  {
    title: 'a missing property of an inner bean',
    text: bean('      source: { class: Source }\n'),
    problems: ['DESCRIPTOR_PROPERTY_MISSING 5:24'],
    says: 'class Source needs the property "uri"',
  },
  {
    title: 'a missing property of an implied bean',
    text: bean('      source: { id: 1 }\n'),
    problems: ['DESCRIPTOR_PROPERTY_MISSING 5:15'],
  },
  {
    title: 'nothing where a bean is implied',
    text: bean('      source:\n'),
    problems: ['DESCRIPTOR_PROPERTY_TYPE 5:14'],
  },
  {
    title: 'text where an object with methods is wanted',
    text: bean('      greeter: hello\n'),
    problems: ['DESCRIPTOR_PROPERTY_TYPE 5:16'],
    says: 'greet',
  },
  {
    title: 'an unknown set of constants',
    text: bean('      anything: { const: Color.RED }\n'),
    problems: ['DESCRIPTOR_CONSTANT_UNKNOWN 5:26'],
    hint: '"Colour"',
  },
  {
    title: 'an unknown member',
    text: bean('      anything: { const: Colour.REED }\n'),
    problems: ['DESCRIPTOR_CONSTANT_UNKNOWN 5:26'],
    hint: '"RED"',
  },
  {
    title: 'an unknown member as a key',
    text: 'beans:\n  m: { keys: Colour, map: { BLUE: 1 } }\n',
    problems: ['DESCRIPTOR_CONSTANT_UNKNOWN 2:29'],
  },
  {
    title: 'a key that is no integer',
    text: bean('      anything: { keys: integer, map: { x: 1 } }\n'),
    problems: ['DESCRIPTOR_PROPERTY_TYPE 5:41'],
  },
  {
    title: 'a placeholder without a value',
    text: bean('      port: ${no.such.key}\n'),
    problems: ['DESCRIPTOR_PLACEHOLDER_UNRESOLVED 5:13', 'DESCRIPTOR_PROPERTY_TYPE 5:13'],
    says: 'NO_SUCH_KEY',
  },
  {
    title: 'a placeholder that is not closed',
    text: bean('      name: "${no.end"\n'),
    problems: ['DESCRIPTOR_PLACEHOLDER_UNRESOLVED 5:13'],
  },
  {
    title: 'placeholders in a circle',
    text: `properties: { a: "\${b}", b: "\${a}" }\n${bean('      name: ${a}\n')}`,
    problems: ['DESCRIPTOR_PLACEHOLDER_UNRESOLVED 6:13'],
    says: 'a -> b -> a',
  },
  {
    title: 'an import that is not there',
    text: 'imports: [./no.yaml]\nbeans: {}\n',
    problems: ['DESCRIPTOR_NOT_FOUND 1:11'],
  },
  {
    title: 'a bean that nobody uses',
    text: 'beans:\n  s: { class: Source, properties: { uri: x } }\n',
    problems: ['DESCRIPTOR_BEAN_UNUSED 2:3'],
  },
  {
    title: 'a module that is not there',
    text: bean('      greeter: { class: ./no.js#A }\n'),
    problems: ['MODULE_NOT_FOUND 5:25'],
    says: 'no.js',
  },
  {
    title: 'an export that is not there',
    text: bean('      greeter: { class: ./user.mjs#Greter }\n'),
    problems: ['MODULE_EXPORT_UNKNOWN 5:25'],
    hint: '"Greeter"',
  },
  {
    title: 'a class without the wanted method',
    text: bean('      greeter: { class: ./user.mjs#Mute }\n'),
    problems: ['MODULE_METHOD_MISSING 5:25'],
    says: '"./user.mjs#Mute" has no method greet (has: shrug)',
  },
  {
    title: 'a module that throws',
    text: bean('      greeter: { class: ./throws.mjs#A }\n'),
    problems: ['MODULE_LOAD_FAILED 5:25'],
    says: 'thrown on purpose',
  },
  {
    title: 'a property that the schema of a user class forbids',
    text: bean('      greeter: { class: ./user.mjs#Greeter, properties: { wrod: x } }\n'),
    problems: ['DESCRIPTOR_PROPERTY_UNKNOWN 5:59'],
    hint: '"word"',
  },
  {
    title: 'an anchor in itself',
    text: bean('      anything: &a [*a]\n'),
    problems: ['DESCRIPTOR_SHAPE 5:21'],
    says: 'contains itself',
  },
]

const USER_MODULE = `export class Greeter {
  static schema = { type: 'object', properties: { word: { type: 'string' } }, additionalProperties: false }
  greet() { return 'hi' }
}
export class Mute { shrug() {} }
`

describe('a broken descriptor is reported with code, place and hint', () => {
  test.each(CASES)('$title', async ({ text, problems, says, hint }) => {
    const more = { 'user.mjs': USER_MODULE, 'throws.mjs': 'throw new Error("thrown on purpose")\n' }
    using folder = DescriptorFolder.withFixture(text, more)
    const result = await prepareLaunch(folder.bootstrap, { containers: [fixtureContainer()], env: {} })
    const records = result.problems.map((problem) => problemRecord(problem, { mask: new SecretMask() }))
    const shown = records.map((each) => `${each.code.replace('AESOP_', '')} ${each.line ?? 0}:${each.column ?? 0}`)
    expect(shown, JSON.stringify(records, null, 2)).toEqual(problems)
    expect(records.every((each) => basename(each.file ?? '') === 'fixture-config.yaml')).toBe(true)
    if (says !== undefined) expect(records[0]?.message).toContain(says)
    if (hint !== undefined) expect(records[0]?.hint).toContain(hint)
  })

  test('all files are checked before anything is reported', async () => {
    const two =
      'beans:\n  bootstrapInfo: { class: BootstrapInfo, properties: { runtimeNatur: x, componentContainers: [fixture, other] } }\n'
    using folder = new DescriptorFolder({
      'bootstrap.yaml': two,
      'fixture-config.yaml': 'beans: { a: { class: Nope } }',
      'other-config.yaml': 'beans: { a: { class: Nope } }',
    })
    const containers = [fixtureContainer(), fixtureContainer(undefined, 'other')]
    const { problems, launch } = await prepareLaunch(folder.bootstrap, { containers })
    const files = problems.map(({ finding }) => basename(finding.at?.file.path ?? ''))
    expect(files).toEqual(['bootstrap.yaml', 'fixture-config.yaml', 'other-config.yaml'])
    expect(launch).toBeUndefined()
  })
})
