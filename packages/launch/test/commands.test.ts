import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { bootstrapSchema, containerSchema } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { containersOf } from '../src/contributions.ts'
import { standardContributions } from '../src/standard-contributions.ts'
import { type Ended, Launched, LaunchFolder } from './support/launched.ts'

const standardContainers = containersOf(standardContributions)

/** The validator that the runtime uses; another version of it lies above. */
const { Ajv } = createRequire(import.meta.resolve('@aesop/runtime'))('ajv') as {
  Ajv: new (options: object) => {
    compile(schema: object): ((value: unknown) => boolean) & { errors?: unknown[] | null }
  }
}
const ROOT = resolve(import.meta.dirname, '../../..')
const timeout = 30_000

describe('print', { timeout }, () => {
  test('shows values with their origins, text with placeholders as it is written, and no secret', async () => {
    using folder = new LaunchFolder(
      'port: "${worker.port}", uri: "mysql://me%2Fp%40ss%2Fwrd@localhost/1/x", fail: "${db.password:geheim}"',
    )
    const args = ['print', 'bootstrap.yaml', '--set', 'worker.port=7']
    const { code, stdout } = await new Launched(args, folder.path).ended
    expect(code).toBe(0)
    expect(stdout).toContain('# fixture: fixture-config.yaml')
    expect(stdout).toContain('port: 7  # fixture-config.yaml:4, value from ${worker.port}, set by --set worker.port')
    expect(stdout).toContain('uri: mysql://localhost/1/x  # fixture-config.yaml:4, a part is hidden')
    expect(stdout).toContain('fail: "${db.password:***}"')
    expect(stdout).not.toMatch(/wrd|geheim/)
    const json = JSON.parse((await new Launched([...args, '--json'], folder.path).ended).stdout) as {
      container: string
      values: Record<string, unknown>[]
    }[]
    expect(json[1]?.values[1]).toEqual({
      path: 'worker.properties.port',
      value: 7,
      file: 'fixture-config.yaml',
      line: 4,
      column: 25,
      origin: 'value from ${worker.port}, set by --set worker.port',
    })
  })

  test('writes a descriptor again, which can be checked', async () => {
    using folder = new LaunchFolder('port: "${worker.port:7}", uri: "${db.uri}", fail: "${db.password:geheim}"')
    const env = { DB_URI: 'mysql://us%25er:p%40ss%2Fwrd@localhost/1/x' }
    const { stdout } = await new Launched(['print', 'fixture-config.yaml'], folder.path, env).ended
    expect(stdout).not.toMatch(/wrd|us%25er/)
    writeFileSync(join(folder.path, 'fixture-config.yaml'), stdout)
    const { code, stderr } = await new Launched(['check', 'bootstrap.yaml'], folder.path, env).ended
    expect(stderr).toContain('no errors')
    expect(code).toBe(0)
    const again = await new Launched(['print', 'fixture-config.yaml'], folder.path, env).ended
    const plain = (text: string): unknown => parse(text) as unknown
    expect(plain(again.stdout)).toEqual(plain(stdout))
  })

  test('a secret on the command line is warned of', async () => {
    using folder = new LaunchFolder('uri: "${db.password}"')
    const args = ['check', 'bootstrap.yaml', '--set', 'db.password=p@ss/wrd']
    const { code, stderr } = await new Launched(args, folder.path).ended
    expect(code).toBe(0)
    expect(stderr).toContain('warning AESOP_DESCRIPTOR_SETTING_SECRET: --set db.password gives a secret')
    expect(stderr).toContain('${file:/run/secrets/x}')
    expect(stderr).not.toContain('wrd')
    const wrong = await new Launched(['check', 'bootstrap.yaml', '--set', 'p@ss/wrd'], folder.path).ended
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).not.toContain('wrd')
  })

  test('what has errors is printed as far as it was understood, with exit code 3', async () => {
    using folder = new LaunchFolder('prt: 1')
    const { code, stdout, stderr } = await new Launched(['print', 'fixture-config.yaml'], folder.path).ended
    expect(code).toBe(3)
    expect(stdout).toContain('prt: 1')
    expect(stderr).toContain('AESOP_DESCRIPTOR_PROPERTY_UNKNOWN')
  })
})

describe('graph', { timeout }, () => {
  test.each([
    [[], 'flowchart LR\n  subgraph fixture\n    n0["worker<br/>Worker"]\n  end\n'],
    [['--format', 'dot'], 'digraph beans {'],
    [['--json'], '"id": "fixture/worker"'],
  ])('with %j', async (args, expected) => {
    using folder = new LaunchFolder('')
    const { code, stdout } = await new Launched(['graph', 'bootstrap.yaml', ...args], folder.path).ended
    expect(code).toBe(0)
    expect(stdout).toContain(expected)
  })
})

describe('check', { timeout }, () => {
  test('--strict makes errors of warnings, --dry-run is a check, and profiles and files are read', async () => {
    using folder = new LaunchFolder('port: "${worker.port}"')
    writeFileSync(join(folder.path, 'my.properties'), 'worker.port=80\n')
    const args = ['bootstrap.yaml', '-n', '-p', 'my.properties']
    const plain = await new Launched([...args, '-P', 'nobody'], folder.path).ended
    const strict = await new Launched([...args, '-P', 'nobody', '--strict'], folder.path).ended
    const byEnvironment = await new Launched(['check', 'bootstrap.yaml'], folder.path, {
      AESOP_PROPERTIES: 'my.properties',
    }).ended
    expect([plain.code, strict.code, byEnvironment.code]).toEqual([0, 3, 0])
    expect(plain.stderr).toContain('warning AESOP_DESCRIPTOR_PROFILE_UNUSED')
    expect(plain.stdout).toBe('')
  })
})

describe('an option of a container', { timeout }, () => {
  test('gives a property of its root, is in the help, and belongs to launches', async () => {
    using folder = new LaunchFolder('port: 5')
    const launched = (...args: readonly string[]): Promise<Ended> => new Launched(args, folder.path).ended
    const print = await launched('print', 'bootstrap.yaml', '--via', '8')
    expect(print.stdout).toContain('port: 8  # fixture-config.yaml:4, value set by --via')
    const bad = await launched('bootstrap.yaml', '--via', 'x')
    expect(bad.code).toBe(3)
    expect(bad.stderr).toContain('value set by --via')
    const elsewhere = await launched('explain', 'AESOP_NO_SUCH', '--via', '8')
    expect([elsewhere.code, elsewhere.stderr]).toEqual([2, expect.stringContaining('explain takes no --via')])
    expect((await launched('--help')).stdout).toMatch(
      /Options of a launch with fixture\n +--via <n> +port of the worker/,
    )
  })
})

describe('schema', () => {
  const ajv = new Ajv({ strict: false, allErrors: true })
  const schemas = new Map([
    ['bootstrap', ajv.compile(bootstrapSchema(standardContainers))],
    ...standardContainers.map((each) => [each.descriptorName, ajv.compile(containerSchema(each))] as const),
  ])
  const shipped = execFileSync('git', ['ls-files', '*.yaml'], { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter((path) => /(^|\/)(bootstrap|[a-z-]+-config)\.yaml$/.test(path) && !path.includes('/test/fixtures/'))

  test('there are descriptors to hold against it', () => {
    expect(shipped.length).toBeGreaterThan(8)
  })

  test.each(shipped)('%s is valid', (path) => {
    const check = schemas.get(
      path.endsWith('/bootstrap.yaml') || path === 'bootstrap.yaml' ? 'bootstrap' : (path.split('/').pop() ?? ''),
    )
    check?.(parse(readFileSync(join(ROOT, path), 'utf8')))
    expect(check?.errors ?? []).toEqual([])
  })

  test.each([
    ['an unknown property', 'beans: { r: { class: RelayConfig, properties: { nope: 1 } } }'],
    ['a wrong type', 'beans: { p: { class: PhysicalSourceConfig, properties: { uri: 1, sources: [a.b] } } }'],
    [
      'a wrong type inside',
      'beans: { p: { class: PhysicalSourceConfig, properties: { uri: a, sources: [{ uri: [] }] } } }',
    ],
    ['a missing property', 'beans: { p: { class: PhysicalSourceConfig, properties: { uri: a } } }'],
    ['no place of a source', 'beans: { p: { class: PhysicalSourceConfig, properties: { user: a, sources: [a.b] } } }'],
    [
      'two places of a source',
      'beans: { p: { class: PhysicalSourceConfig, properties: { uri: a, host: h, sources: [a.b] } } }',
    ],
    ['an unknown class', 'beans: { p: { class: PhysicalSourceConfi } }'],
    ['an unknown key', 'beans: { p: { class: RelayConfig, propertes: {} } }'],
    [
      'a misspelt dotted key',
      'beans: { r: { class: RelayConfig, properties: { relayProperties: { databus.relay.nope: 1 } } } }',
    ],
    ['a misspelt section', 'bean: {}'],
  ])('%s is not valid', (_title, text) => {
    expect(schemas.get('relay-config.yaml')?.(parse(text))).toBe(false)
  })

  test.each([
    [
      'a placeholder for a number',
      'beans: { p: { class: PhysicalSourceConfig, properties: { id: "${x}", uri: a, sources: [a.b] } } }',
    ],
    [
      'references and constants',
      'beans: { p: { class: PhysicalSourceConfig, properties: { uri: { const: A.B }, sources: { ref: x } } } }',
    ],
    [
      'a server without a uri',
      'beans: { p: { class: PhysicalSourceConfig, properties: { host: h, user: u, ssl: off, sources: [a.b] } } }',
    ],
    ['a class of the user', 'beans: { p: { class: ./x.ts#Y, properties: { any: 1 } } }'],
    ['a parent', 'beans: { b: { abstract: true, class: RelayConfig }, p: { parent: b, properties: { any: 1 } } }'],
    [
      'nested dotted keys',
      'beans: { r: { class: RelayConfig, properties: { relayProperties: { databus: { relay: { x: 1 } } } } } }',
    ],
  ])('%s is valid', (_title, text) => {
    const check = schemas.get('relay-config.yaml')
    check?.(parse(text))
    expect(check?.errors ?? []).toEqual([])
  })

  const bean = (name: string, properties: string): string =>
    `beans: { b: { class: ${name}, properties: { ${properties} } } }`
  const blocking = (more: string): string => bean('BlockingBootstrapServerFactory', `consumer: { ref: c }, ${more}`)
  const registrations = 'producerRegistrationList: [{ physicalSourceConfig: { uri: a, sources: [a.b] } }]'
  const fills = (more: string): string =>
    bean('DefaultBootstrapProducerFactory', `physicalSources: [{ name: s, sources: [a.b] }], ${more}`)
  const serves = (more: string): string => bean('DefaultBootstrapServerFactory', more)

  test.each([
    [
      'blocking-bootstrap',
      blocking(`bootstrapConfig: { numberOfPartitions: '\${p:4}', until: now }, ${registrations}`),
    ],
    ['bootstrap-producer', fills('store: { class: SqliteBootstrapStore, properties: { file: x.db } }')],
    ['bootstrap-producer', fills('bootstrapProducerConfig: { retention: { logHours: 5 } }, store: { ref: s }')],
    ['bootstrap', serves('bootstrapConfig: { bootstrapProperties: { databus.bootstrap.db.container.httpPort: 1 } }')],
    ['bootstrap', 'beans: { s: { class: DefaultBootstrapServerFactory } }'],
  ])('what a container of a bootstrap takes is valid: %s, %s', (container, text) => {
    const check = schemas.get(`${container}-config.yaml`)
    check?.(parse(text))
    expect(check?.errors ?? []).toEqual([])
  })

  test.each([
    ['blocking-bootstrap', blocking(`bootstrapConfig: { numberOfPartition: 3 }, ${registrations}`)],
    ['blocking-bootstrap', blocking(`consumerFactory: { ref: f }, ${registrations}`)],
    ['blocking-bootstrap', blocking('producerRegistrationList: [{ physicalSourceConfi: { uri: a, sources: [a.b] } }]')],
    ['blocking-bootstrap', bean('BootstrapConfig', 'bootstrapProperties: { databus.bootstrap.nope: 1 }')],
    ['bootstrap-producer', fills('store: { class: SqliteBootstrapStore, properties: { fil: x.db } }')],
    ['bootstrap-producer', fills('bootstrapProducerConfig: { retention: { logHour: 5 } }')],
    ['bootstrap-producer', bean('MysqlBootstrapStore', '')],
    ['bootstrap', serves('bootstrapConfig: { reader: 4 }')],
    ['bootstrap', serves('store: store.db')],
    ['bootstrap', bean('DefaultBootstrapServer', '')],
  ])('what a container of a bootstrap does not take is not valid: %s, %s', (container, text) => {
    expect(schemas.get(`${container}-config.yaml`)?.(parse(text))).toBe(false)
  })

  test('the command prints it, and knows its containers', { timeout }, async () => {
    using folder = new LaunchFolder('')
    const good = await new Launched(['schema', 'fixture'], folder.path).ended
    const bootstrap = await new Launched(['schema'], folder.path).ended
    const bad = await new Launched(['schema', 'fixtur'], folder.path).ended
    expect(JSON.parse(good.stdout)).toMatchObject({ title: 'fixture-config.yaml' })
    expect(JSON.parse(bootstrap.stdout)).toMatchObject({ title: 'bootstrap.yaml' })
    expect(bad.code).toBe(2)
    expect(bad.stderr).toContain('did you mean "fixture"?')
  })
})

describe('completion and explain', { timeout }, () => {
  test('the script for bash completes commands and options', async () => {
    using folder = new LaunchFolder('')
    const { stdout } = await new Launched(['completion', 'bash'], folder.path).ended
    const complete = (words: string): string =>
      execFileSync(
        'bash',
        [
          '-c',
          `${stdout}\nCOMP_WORDS=(aesop-launch ${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _aesop_launch; echo "\${COMPREPLY[@]}"`,
        ],
        {
          encoding: 'utf8',
        },
      ).trim()
    expect([complete('pri'), complete('check --proj'), complete('graph --format m')]).toEqual([
      'print',
      '--projects-root',
      'mermaid',
    ])
  })

  test('explain tells a machine too', async () => {
    using folder = new LaunchFolder('')
    const { code, stdout } = await new Launched(['explain', 'aesop_module_clash', '--json'], folder.path).ended
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ code: 'AESOP_MODULE_CLASH', canRetry: false })
  })
})
