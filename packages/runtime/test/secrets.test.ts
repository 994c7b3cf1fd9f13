import { rmSync, writeFileSync } from 'node:fs'
import { Secret } from '@aesop/kernel'
import {
  containerSchema,
  descriptorTree,
  formatProblem,
  launch,
  type Preparation,
  type PreparationOptions,
  prepareLaunch,
  problemRecord,
  valueRecords,
  writeYaml,
} from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { definitionFingerprint } from '../src/lifecycle/definition-fingerprint.ts'
import { ask } from './support/admin-client.ts'
import { deedsContainer } from './support/deeds-container.ts'
import { DescriptorFolder } from './support/descriptor-folder.ts'
import { fixtureContainer } from './support/fixture-container.ts'

type Options = Partial<PreparationOptions>

async function prepare(folder: DescriptorFolder, options: Options = {}): Promise<Preparation> {
  return prepareLaunch(folder.bootstrap, { containers: [fixtureContainer()], env: {}, ...options })
}

/** Everything that commands and pages show of a preparation. */
function everythingShown({ descriptors, problems, notes, mask }: Preparation): string {
  const noteOf = (_at: unknown, origin: string | undefined): string => origin ?? ''
  return [
    ...descriptors.map(({ descriptor, disclosure }) => writeYaml(descriptorTree(descriptor, { disclosure, noteOf }))),
    ...descriptors.map(({ descriptor, disclosure }) => JSON.stringify(valueRecords(descriptor, disclosure))),
    ...[...problems, ...notes].map((problem) => formatProblem(problem, { mask, verbose: true })),
    ...[...problems, ...notes].map((problem) => JSON.stringify(problemRecord(problem, { mask }))),
    ...problems.map(({ message }) => message),
  ].join('\n')
}

const MARKERS = ['p@ss/wrd', 'us%er/p@ss', '"quoted" \'twice\'', 'line one\nline two', '%%', 'pw1234']
const beans = (properties: string): string => `beans:\n  h:\n    class: Holder\n    properties: ${properties}\n`
const lines = (text: string): string[] => text.split('\n')

describe('a secret from outside is shown nowhere', () => {
  test.each(MARKERS)('%j', async (marker) => {
    const properties = `{
      name: "\${secret.word}", names: ["\${other}", "mysql://me:\${secret.word}@h/1"], port: "\${other}", mode: "\${other}",
      phrase: "\${other}", pin: "\${other}", anything: { deep: ["\${other}"] }, source: "\${other}", greeter: "\${other}",
      props: { a: { port: "\${other}" } } }`
    using folder = DescriptorFolder.withFixture(beans(properties), {
      'runtime-config.yaml': `secret: { word: ${JSON.stringify(marker.replaceAll('${', '\\${'))} }\n`,
    })
    const preparation = await prepare(folder, { env: { OTHER: marker } })
    expect(preparation.problems.length).toBeGreaterThan(3)
    const shown = everythingShown(preparation)
    for (const part of lines(marker)) expect(lines(shown).filter((line) => line.includes(part))).toEqual([])
    expect(shown).toContain('${other}')
    expect(shown).toContain('${secret.word}')
  })

  test.each(MARKERS)('as a literal under a key that names a secret: %j', async (marker) => {
    const text = JSON.stringify(marker)
    const uri = JSON.stringify(`mysql://me:${marker.replaceAll('\n', '%0A')}@host:3306/1`)
    const properties = `{ prt: 1, pin: ${text}, phrase: ${text}, port: ${text}, name: ${uri},
      anything: { password: ${text}, accessKey: { inner: ${text} }, auth: [${text}], uris: [${uri}, ${uri}] },
      token: ${text}, passphrase: ${text}, names: ${uri} }`
    using folder = DescriptorFolder.withFixture(beans(properties.replace(`port: ${text}, `, '')))
    const shown = everythingShown(await prepare(folder))
    for (const part of lines(marker)) expect(lines(shown).filter((line) => line.includes(part))).toEqual([])
    expect(shown).toContain('mysql://host:3306/1')
  })

  test('in the code frame of its own line, below a key that names a secret', async () => {
    const properties = `{
      prt: 1, anything: { auth: { user: [geheim99] } } }`
    using folder = DescriptorFolder.withFixture(beans(properties))
    const preparation = await prepare(folder)
    expect(everythingShown(preparation)).toContain('auth: { user: [***] }')
    expect(preparation.mask.apply('refused: geheim99')).toBe('refused: ***')
  })

  test.each([
    ['runtime-config.yaml', 'db.pasword: geheim99'],
    ['runtime-config.yaml', 'db: { pasword: "geheim99" }'],
    ['runtime-config.yaml', 'db: [geheim99]'],
    ['runtime-config.yaml', 'db: "geheim99'],
    ['runtime-config.properties', 'db.pasword=geheim99'],
    ['runtime-config.properties', 'db.pasword geheim99'],
  ])('in the code frame of %s: %s', async (name, text) => {
    using folder = DescriptorFolder.withFixture(beans('{ name: a }'), { [name]: `${text}\n` })
    const preparation = await prepare(folder)
    expect(preparation.problems).not.toEqual([])
    expect(everythingShown(preparation)).not.toContain('geheim')
  })

  test.each([
    'phrase: *geheim99',
    'phrase: &geheim99',
    'phrase: !geheim99',
    'phrase: !!geheim99 x',
    'phrase: "#geheim99',
    'phrase: #geheim99',
    'phrase: |geheim99',
    'phrase: >geheim99',
    'phrase: {geheim99',
    'phrase: { a: geheim99',
    'phrase: [geheim99',
    'phrase: @geheim99',
    'phrase: `geheim99',
    'phrase: %geheim99',
    'phrase: ${geheim99',
    'phrase: "${a}geheim99',
    'phrase: /geheim99: [',
    'phrase: >-\n        -----BEGIN-----\ngeheim99\n      name: [',
    'phrase: |\n        one\n       geheim99: a: b',
    'phrase:\n        "geheim99',
    'phrase:\n        geheim99: a: b',
  ])('whose first signs have a meaning of their own, in frames and words: %j', async (line) => {
    // A key that names a secret, too: where a file is broken nobody knows its schema.
    for (const key of ['phrase', 'password']) {
      const properties = `\n      prt: 1\n      ${line.replace('phrase', key)}\n`
      using folder = DescriptorFolder.withFixture(`beans:\n  h:\n    class: Holder\n    properties:${properties}`)
      const { problems, notes, mask } = await prepare(folder)
      expect(problems).not.toEqual([])
      const shown = [...problems, ...notes].flatMap((problem) => [
        formatProblem(problem, { mask, verbose: true }),
        JSON.stringify(problemRecord(problem, { mask })),
      ])
      if (key === 'password') expect(shown.filter((text) => text.includes('geheim'))).toEqual([])
      else expect(shown.filter((text) => text.split('-->')[0]?.includes('geheim'))).toEqual([])
    }
  })

  test('in the code frame of a file that is broken', async () => {
    using folder = DescriptorFolder.withFixture(beans('{ name: "mysql://me:p@ss/wrd@h", phrase: geheim99, names: [ }'))
    const shown = everythingShown(await prepare(folder))
    expect(shown).toContain('AESOP_DESCRIPTOR_SYNTAX')
    expect(shown).not.toMatch(/wrd/)
  })
})

test('tokens that servers and clients take from the environment are found in the words of others', async () => {
  using folder = DescriptorFolder.withFixture(beans('{ name: a }'))
  const env = { AESOP_RELAY_TOKEN: 'a-token-of-the-relay', AESOP_ADMIN_TOKEN: 'a-token-of-the-admin-server' }
  const { mask } = await prepare(folder, { env })
  const shown = mask.apply('no peer: Bearer a-token-of-the-relay, Bearer a-token-of-the-admin-server')
  expect(shown).toBe('no peer: Bearer ${AESOP_RELAY_TOKEN}, Bearer ${AESOP_ADMIN_TOKEN}')
})

test('numbers, booleans and words of an enumeration are shown with their origin', async () => {
  using folder = DescriptorFolder.withFixture(
    beans('{ port: "${p}", mode: "${m}", name: "${n}", props: { a.on: "${b}", a.first: "${f}" } }'),
  )
  const env = { P: '25021', M: 'slow', N: 'text of name', B: 'true', F: '9007199254740993' }
  const { descriptors } = await prepare(folder, { env })
  const found = descriptors.flatMap(({ descriptor, disclosure }) => valueRecords(descriptor, disclosure))
  const of = (name: string): unknown[] =>
    found.flatMap(({ path, value, origin }) => (path.endsWith(name) ? [value, origin] : []))
  expect(of('port')).toEqual([25021, 'value from ${p}, set by env P'])
  expect(of('mode')).toEqual(['slow', 'value from ${m}, set by env M'])
  expect(of('a.on')).toEqual([true, 'value from ${b}, set by env B'])
  expect(of('a.first')).toEqual(['9007199254740993', 'value from ${f}, set by env F'])
  expect(of('properties.name')).toEqual(['${n}', 'value from ${n}, set by env N'])
})

test('a printed descriptor says the same again, the secrets that are written out excepted', async () => {
  using folder = DescriptorFolder.withFixture(
    `properties: { db: { host: db.example, password: geheim99 } }
beans:
  h:
    class: Holder
    properties:
      name: "mysql://me:\${db.password}@\${db.host}/1"
      port: "\${port:80}"
      phrase: geheim99
      anything: ["\\\\\${kept}", "\${env:HOME_TEXT}", 1, true, null]
`,
  )
  const env = { HOME_TEXT: 'home', PORT: '81' }
  const first = await prepare(folder, { env })
  expect(first.problems).toEqual([])
  const show = ({ descriptors }: Preparation): string =>
    descriptors.flatMap(({ container, descriptor, disclosure }) =>
      container === 'fixture' ? [writeYaml(descriptorTree(descriptor, { disclosure }))] : [],
    )[0] ?? ''
  const printed = show(first)
  expect(printed).not.toContain('geheim')
  expect(printed).toContain('phrase: "${hidden.h.phrase:***}"')
  folder.write('fixture-config.yaml', `${printed}\n`)
  const second = await prepare(folder, { env: { ...env, HIDDEN_H_PHRASE: 'geheim99', DB_PASSWORD: 'geheim99' } })
  expect(second.problems).toEqual([])
  expect(parse(show(second))).toEqual(parse(printed))
  const fingerprints = [first, second].map(({ launch }) => launch?.containers.map(definitionFingerprint))
  expect(fingerprints[1]).toEqual(fingerprints[0])
})

describe('providers', () => {
  test('files, the environment, credentials of systemd and own ones give texts', async () => {
    using folder = DescriptorFolder.withFixture(
      beans(
        '{ names: ["${file:word.txt}", "${env:WORD}", "${cred:word}", "${vault:a/b}", "<${file:${DIR}/two.txt}>"] }',
      ),
      { 'word.txt': 'p@ss/wrd\n', 'two.txt': 'two\r\n\r\n', 'creds/word': 'of systemd' },
    )
    const env = { WORD: 'of the environment', CREDENTIALS_DIRECTORY: folder.file('creds'), DIR: folder.path }
    const providers = { vault: { read: (name: string) => `vault has ${name}` } }
    await using application = await launch(folder.bootstrap, { containers: [fixtureContainer()], env, providers })
    expect(application.get('h')).toMatchObject({
      options: { names: ['p@ss/wrd', 'of the environment', 'of systemd', 'vault has a/b', '<two\r\n>'] },
    })
  })

  test.each([
    ['${file:no.txt}', /"file": \S+no.txt does not exist/, /relative path counts from/],
    ['${file:.}', /is no file/, /this user can read/],
    ['${file:/dev/zero}', /is no file/, /this user can read/],
    ['${file:big.txt}', /65537 bytes, more than 65536/, /this user can read/],
    ['${file:binary.txt}', /is not UTF-8/, /this user can read/],
    ['${env:NOT_THERE}', /"env": the environment has no NOT_THERE/, /set the variable/],
    ['${cred:word}', /\$CREDENTIALS_DIRECTORY is not set/, /LoadCredential/],
    ['${cred:../word}', /\$CREDENTIALS_DIRECTORY is not set|is no name of a credential/, /LoadCredential/],
    ['${vault:x}', /"vault": it is sealed/, /unseal it/],
  ])('%s has no text: the error names file, line, provider and remedy', async (written, message, hint) => {
    using folder = DescriptorFolder.withFixture(beans(`{ name: "${written}" }`), {
      'big.txt': 'x'.repeat(65_537),
    })
    writeFileSync(folder.file('binary.txt'), Buffer.from([0xff, 0xfe]))
    const read = (): string => {
      throw new Error('it is sealed')
    }
    const { problems } = await prepare(folder, { providers: { vault: { read, remedy: 'unseal it' } } })
    expect(problems[0]?.code).toBe('AESOP_DESCRIPTOR_PLACEHOLDER_UNRESOLVED')
    expect(problems[0]?.finding.at?.file.path).toBe(folder.file('fixture-config.yaml'))
    expect(problems[0]?.message).toMatch(message)
    expect(problems[0]?.finding.hint).toMatch(hint)
  })
})

describe('secret: true', () => {
  const pinOf = (bean: unknown): Secret => (bean as { options: { pin: Secret } }).options.pin

  test('the bean gets a secret that reads its file anew, and shows where it is from', async () => {
    using folder = DescriptorFolder.withFixture(beans('{ pin: "${file:pin.txt}" }'), { 'pin.txt': 'first\n' })
    await using application = await launch(folder.bootstrap, { containers: [fixtureContainer()], env: {} })
    const pin = pinOf(application.get('h'))
    expect(pin).toBeInstanceOf(Secret)
    expect([pin.reveal(), String(pin)]).toEqual(['first', '${file:pin.txt}'])
    folder.write('pin.txt', 'second\n')
    expect(pin.reveal()).toBe('second')
    rmSync(folder.file('pin.txt'))
    expect(() => pin.reveal()).toThrow(
      expect.objectContaining({
        code: 'AESOP_RUNTIME_SECRET_UNREADABLE',
        canRetry: true,
        message: expect.stringMatching(
          /pin.txt does not exist, for h.properties.pin \(\S+fixture-config.yaml:4\)/,
        ) as string,
      }),
    )
  })

  test('a literal is a secret, too, and checked like any text', async () => {
    using folder = DescriptorFolder.withFixture(beans('{ pin: abc }'))
    const { problems, mask } = await prepare(folder)
    expect(problems.map((each) => problemRecord(each, { mask }).message)).toEqual([
      '"pin" must NOT have fewer than 4 characters, got "***"',
    ])
  })

  test('a changed literal is a changed definition, a rotated file is none', async () => {
    using folder = DescriptorFolder.withFixture(beans('{ pin: geheim1 }'), { 'pin.txt': 'first' })
    const of = async (): Promise<string> => {
      const { launch: prepared } = await prepare(folder)
      return prepared?.containers.map(definitionFingerprint).join('') ?? ''
    }
    const one = await of()
    folder.write('fixture-config.yaml', beans('{ pin: geheim2 }'))
    expect(await of()).not.toBe(one)
    expect(one).not.toContain('geheim')
  })

  test('an editor is told that the value is never read back', () => {
    const text = JSON.stringify(containerSchema(fixtureContainer()))
    expect(text.match(/"writeOnly":true/g)).toHaveLength(2)
    expect(text).not.toContain('"secret"')
  })

  test('--set of it is warned of, though its name tells nothing', async () => {
    using folder = DescriptorFolder.withFixture(beans('{ pin: "${number}", port: "${port}" }'))
    const set = { number: 'p@ss/wrd', port: '80' }
    const asArguments = await prepare(folder, { set, isSetByArguments: true })
    expect(asArguments.problems.map(({ code, severity, message }) => [code, severity, message.slice(0, 12)])).toEqual([
      ['AESOP_DESCRIPTOR_SETTING_SECRET', 'warning', '--set number'],
    ])
    const direct = await prepare(folder, { set: { ...set, 'h.pin': 'p@ss/wrd' }, isSetByArguments: true })
    expect(direct.problems.map(({ message }) => message.slice(0, 11))).toContain('--set h.pin')
    expect((await prepare(folder, { set })).problems).toEqual([])
  })
})

test('a secret that a reload brought is hidden like one of the start', async () => {
  const descriptor = (key: string): string => `beans:\n  a: { class: Greeter, properties: { word: "\${${key}}" } }\n`
  using folder = DescriptorFolder.withFixture(descriptor('one'))
  await using application = await launch(folder.bootstrap, {
    containers: [deedsContainer()],
    env: { ONE: 'geheim number one', TWO: 'geheim number two' },
    admin: '127.0.0.1:0',
  })
  expect((await ask(application, '/admin/beans')).text).toContain('${one}')
  folder.write('fixture-config.yaml', descriptor('two'))
  await application.reload()
  const { text } = await ask(application, '/admin/beans')
  expect(text).toContain('${two}')
  expect(text).not.toContain('geheim')
})

test.each(['p@ss"wrd\\ \n us%er', '","class":"wrd"', '","class":"'])(
  'what an admin server says holds no secret, and JSON stays JSON: %j',
  async (word) => {
    using folder = DescriptorFolder.withFixture('beans:\n  a: { class: Greeter, properties: { word: "${word}" } }\n')
    await using application = await launch(folder.bootstrap, {
      containers: [deedsContainer()],
      env: { WORD: word },
      admin: '127.0.0.1:0',
    })
    const pages = ['config', 'beans', 'graph', 'containers'].map((page) => `/admin/${page}`)
    for (const path of [...pages, '/health/ready', '/metrics']) {
      const { text } = await ask(application, path)
      expect(text, path).not.toMatch(/wrd|us%er|hunter22/)
      if (path !== '/metrics') expect(() => JSON.parse(text) as unknown, path).not.toThrow()
    }
    const { json } = await ask(application, '/admin/beans')
    expect(json).toMatchObject([{ class: 'Greeter', description: { word: '${word}', url: 'mysql://localhost/1/x' } }])
  },
)

test.each([
  ['a list in lists', `[`.repeat(120) + `]`.repeat(120), /nested more than 100 deep/],
  ['lists beyond what the parser can follow', '['.repeat(200_000), /nested more than 500 deep/],
  ['dashes in one line', `\n${'- '.repeat(200_000)}a`, /nested more than 500 deep/],
  [
    'maps by indentation',
    Array.from({ length: 600 }, (_, i) => `\n${' '.repeat(i + 8)}a:`).join(''),
    /nested more than 500 deep/,
  ],
])('%s is refused by name', async (_title, deep, message) => {
  using folder = DescriptorFolder.withFixture(
    `beans:\n  h:\n    class: Holder\n    properties:\n      anything: ${deep}\n`,
  )
  const { problems } = await prepare(folder)
  expect(problems[0]?.message).toMatch(message)
})
