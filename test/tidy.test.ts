import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

/*
 * The shape of the repository, held by a test: who may import whom, what is declared, how long a file may be. The
 * compiler catches cycles and deep imports, but not an undeclared import between hoisted workspaces.
 */
const ROOT = resolve(import.meta.dirname, '..')
const FILE_LINES_MAX = 500

/** A package may import packages of lower rows. Runtime sees the kernel only. */
const ROWS: Readonly<Record<string, number>> = {
  kernel: 0,
  event: 1,
  zookeeper: 1,
  cluster: 2,
  schema: 2,
  checkpoint: 2,
  reading: 2,
  buffer: 3,
  'segment-files': 4,
  stats: 2,
  wire: 3,
  producer: 3,
  'stream-server': 4,
  'bootstrap-store': 4,
  relay: 5,
  'bootstrap-server': 5,
  'bootstrap-producer': 5,
  client: 5,
  'physical-sources': 5,
  'producer-mysql': 5,
  'blocking-bootstrap': 6,
  runtime: 6,
  'container-relay': 7,
  'container-client': 7,
  'container-bootstrap': 7,
  'container-bootstrap-producer': 7,
  'container-blocking-bootstrap': 7,
  launch: 8,
}

/** A package of a producer is called so, and nobody has to list it here. */
const PRODUCER = /^producer-./
const PRODUCER_ROW = 4

const rowOf = (name: string, unknown = -1): number => (PRODUCER.test(name) ? PRODUCER_ROW : (ROWS[name] ?? unknown))

/**
 * Folders of a package's source, lowest first: a file imports from its own folder and from lower ones. Files that stand
 * beside the folders see all of them, and no folder sees them.
 */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  'producer-mysql': [
    'error',
    'settings',
    'log',
    'table',
    'row',
    'shape',
    'transaction',
    'decoder',
    'place',
    'server',
    'stream',
    'origin',
    'session',
    'late',
    'snapshot',
  ],
}

/** Third-party packages that only these folders or files may import. */
const ONLY: readonly (readonly [string, RegExp])[] = [
  ['inversify', /^packages\/runtime\/src\/[^/]*(\/[^/]*)?\.ts$/],
  ['yaml', /^packages\/runtime\/src\/descriptor\//],
  ['ajv', /^packages\/runtime\/src\/descriptor\//],
  ['winston', /^packages\/runtime\/src\//],
  ['prom-client', /^packages\/runtime\/src\/admin\/metrics-page\.ts$/],
  ['@opentelemetry/api', /^packages\/runtime\/src\/telemetry\/open-telemetry\.ts$/],
  ['express', /^packages\/(stream-server|bootstrap-server|relay|runtime)\/src\//],
  ['@vlasky/zongji', /^packages\/producer-mysql\/src\//],
  ['mysql2', /^packages\/(producer-mysql\/src|bootstrap-store\/src\/mysql)\//],
  ['libsql', /^(packages\/bootstrap-store\/src\/sqlite\/|test\/bench\/bare-store\.ts)/],
  ['avsc', /^packages\/schema\/src\//],
]

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const rooms = ['packages', 'containers'].flatMap((parent) =>
  readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`),
)
const manifestOf = (room: string): Manifest =>
  JSON.parse(readFileSync(join(ROOT, room, 'package.json'), 'utf8')) as Manifest

function filesBelow(folder: string, ending: RegExp): string[] {
  const inside = readdirSync(join(ROOT, folder), { withFileTypes: true })
  return inside.flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return /^(node_modules|dist|\..*)$/.test(entry.name) ? [] : filesBelow(path, ending)
    return ending.test(entry.name) ? [path] : []
  })
}

/** Every module name that a source file imports, statically or not. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8').replace(/^\s*(\/\/|\*).*$/gm, '')
  return [...text.matchAll(/(?:\bfrom|^import|\bimport\()\s*'([^']+)'/gm)].map((match) => match[1] ?? '')
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

describe.each(rooms)('%s', (room) => {
  const manifest = manifestOf(room)
  const short = manifest.name.replace('@aesop/', '')
  const declared = Object.keys(manifest.dependencies ?? {})
  const sources = filesBelow(`${room}/src`, /\.ts$/)

  test('stands above everything that it depends on', () => {
    const row = rowOf(short)
    const inner = declared.filter((name) => name.startsWith('@aesop/')).map((name) => name.slice('@aesop/'.length))
    expect(inner.filter((name) => rowOf(name, 99) >= row)).toEqual([])
    if (short === 'runtime') expect(inner).toEqual(['kernel'])
    if (row > 0 && row < 6) expect(inner).not.toContain('runtime')
  })

  test('declares each package that its source imports', () => {
    const outside = sources.flatMap((file) => importsOf(file).filter((name) => !/^(\.|node:)/.test(name)))
    const peers = Object.keys(manifest.peerDependencies ?? {})
    expect([...new Set(outside.map(packageOf))].filter((name) => ![...declared, ...peers].includes(name))).toEqual([])
  })

  // A process may hold two copies of a package: that of the launch, and that of a user's package. Errors go by their code.
  test('asks no class of another package with instanceof, but of errors', () => {
    const asked = sources.flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8')
      const names = [...text.matchAll(/import (?:type )?\{([^}]*)\} from '@aesop\//g)].flatMap(([, list = '']) =>
        list.split(','),
      )
      const foreign = new Set(names.map((name) => name.trim().replace(/^\w+ as /, '')))
      const used = [...text.matchAll(/ instanceof (?:\w+\.)?(\w+)/g)].map(([, name = '']) => name)
      return used.filter((name) => foreign.has(name) && !name.endsWith('Error')).map((name) => `${file}: ${name}`)
    })
    expect(asked).toEqual([])
  })

  test('refers in its tsconfig to what it depends on', () => {
    const config = JSON.parse(readFileSync(join(ROOT, room, 'tsconfig.json'), 'utf8')) as {
      references?: readonly { path: string }[]
    }
    const referred = (config.references ?? []).map(
      ({ path }) => manifestOf(relative(ROOT, resolve(ROOT, room, path))).name,
    )
    expect(referred.sort()).toEqual(declared.filter((name) => name.startsWith('@aesop/')).sort())
  })

  test('has a README of at most 60 lines', () => {
    const readme = join(ROOT, room, 'README.md')
    expect(existsSync(readme)).toBe(true)
    expect(readFileSync(readme, 'utf8').split('\n').length).toBeLessThanOrEqual(61)
  })
})

describe('the repository', () => {
  const code = ['packages', 'containers', 'samples', 'test'].flatMap((folder) => filesBelow(folder, /\.(ts|js)$/))

  test(`has no code file of more than ${FILE_LINES_MAX} lines`, () => {
    const long = code.filter((file) => readFileSync(join(ROOT, file), 'utf8').split('\n').length > FILE_LINES_MAX + 1)
    expect(long).toEqual([])
  })

  test('numbers each decision once, in its name and in its title', () => {
    const decisions = readdirSync(join(ROOT, 'docs/decisions')).sort()
    const titles = decisions.map((name) => readFileSync(join(ROOT, 'docs/decisions', name), 'utf8').slice(0, 7))
    const numbers = decisions.map((_name, i) => String(i + 1).padStart(4, '0'))
    expect(decisions.map((name) => name.slice(0, 4))).toEqual(numbers)
    expect(titles).toEqual(numbers.map((number) => `# ${number} `))
  })

  test('imports each heavy package only where it belongs', () => {
    const sources = code.filter((file) => /\/src\//.test(file))
    const astray = ONLY.flatMap(([name, where]) =>
      sources.filter((file) => importsOf(file).some((specifier) => packageOf(specifier) === name) && !where.test(file)),
    )
    expect(astray).toEqual([])
  })

  test('imports inversify in exactly one file', () => {
    expect(code.filter((file) => /\/src\//.test(file) && importsOf(file).includes('inversify'))).toHaveLength(1)
  })

  test.each(Object.entries(FOLDERS))('has folders in %s whose imports go one way', (name, order) => {
    const src = `packages/${name}/src`
    const sources = filesBelow(src, /\.ts$/)
    const folderOf = (file: string): string => dirname(relative(src, file)).split('/')[0] ?? ''
    const heightOf = (file: string): number => (folderOf(file) === '.' ? order.length : order.indexOf(folderOf(file)))
    const upward = sources.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .filter((specifier) => heightOf(join(dirname(file), specifier)) > heightOf(file))
        .map((specifier) => `${file}: ${specifier}`),
    )
    expect(upward).toEqual([])
    const folders = new Set(sources.map(folderOf))
    expect([...folders].filter((folder) => folder !== '.').sort()).toEqual([...order].sort())
  })

  test('keeps the layout of events within their package, in files named by its version', () => {
    const sources = filesBelow('packages/event/src', /\.ts$/)
    const isOfVersion = /-v\d+\.ts$/
    const laidOut = sources.filter((file) => importsOf(file).some((name) => /\/event-layout-v\d+\.ts$/.test(name)))
    expect(laidOut).not.toEqual([])
    expect(laidOut.filter((file) => !isOfVersion.test(file))).toEqual([])
    const offered = readFileSync(join(ROOT, 'packages/event/src/index.ts'), 'utf8')
    expect(offered).not.toContain('layout')
    expect(readFileSync(join(ROOT, 'packages/event/package.json'), 'utf8')).not.toMatch(/"\.\/(?!errors")[^"]*": \{/)
    // Binary logs, rows, segment files, keys of a store and packets of ZooKeeper have bytes of their own; all others ask functions of the event for its fields.
    const others = code.filter((file) =>
      /^packages\/(?!event|schema|segment-files|bootstrap-store|producer-mysql|zookeeper)[^/]*\/src\//.test(file),
    )
    const numberAt = /\.(read|write)(U?Int\d+|BigU?Int64)[BL]E\(/
    expect(others.filter((file) => numberAt.test(readFileSync(join(ROOT, file), 'utf8')))).toEqual([])
  })

  test('imports siblings by file name and other packages by their name', () => {
    const wrong = code.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith('.') && leavesItsRoom(file, specifier))
        .map((specifier) => `${file}: ${specifier}`),
    )
    expect(wrong).toEqual([])
  })

  test('skips no test, singles none out, and leaves no unfinished mark', () => {
    const marks = /\b(test|it|describe)\.(only|skip|todo|fails)\b|\b(TODO|FIXME|XXX)\b/
    const marked = code.filter(
      (file) => file !== 'test/tidy.test.ts' && marks.test(readFileSync(join(ROOT, file), 'utf8')),
    )
    expect(marked).toEqual([])
  })

  test('draws nothing at random in a test but from a seed that a failure says, and what it draws has to be reached', () => {
    const drawers = /^test\/(support\/(property|seed|free-port)|property\.test)\.ts$/
    const own = /\bfc\.(assert|check)\(|Math\.random\(|\brandomInt\(/
    const tests = code.filter(
      (file) => /(^|\/)test\//.test(file) && file !== 'test/tidy.test.ts' && !drawers.test(file),
    )
    expect(tests.filter((file) => own.test(readFileSync(join(ROOT, file), 'utf8')))).toEqual([])
  })

  test('waits in tests by one function, which says what it saw', () => {
    const own =
      /\bfunction (until|eventually|waitFor|waitUntil)\b|\b(performance|Date)\.now\(\) (- \w+ )?> \w*[dD]eadline/
    const tests = code.filter((file) => /(^|\/)test\//.test(file) && file !== 'test/tidy.test.ts')
    const waiting = tests.filter((file) => own.test(readFileSync(join(ROOT, file), 'utf8')))
    expect(waiting).toEqual(['packages/relay/test/support/relay-fixture.ts', 'test/support/until.ts'])
  })

  test('exports no value that nobody imports and no document names', () => {
    expect(deadExports(code)).toEqual([])
  })

  test('exports no type that nobody imports, no document names, and nothing that is exported shows', () => {
    expect(deadTypes(code)).toEqual([])
  })

  test('names in CONTRIBUTING.md only files that are there', () => {
    const named = [...readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8').matchAll(/`([\w.-]+\/[\w./-]+\.\w+)`/g)]
    expect(named.length).toBeGreaterThan(10)
    expect(
      named.map(([, path = '']) => path).filter((path) => !existsSync(join(ROOT, path)) && !/^\./.test(path)),
    ).toEqual([])
  })

  test('has one first-level heading in each document', () => {
    const documents = [...filesBelow('docs', /\.md$/), ...rooms.map((room) => `${room}/README.md`), 'README.md']
    const headings = (file: string): number =>
      readFileSync(join(ROOT, file), 'utf8')
        .replace(/^```[\s\S]*?^```/gm, '')
        .split('\n')
        .filter((line) => line.startsWith('# ')).length
    expect(documents.filter((file) => existsSync(join(ROOT, file)) && headings(file) !== 1)).toEqual([])
  })
})

/** Source files of a package may not reach into another one by a relative path; tests may use their own package. */
function leavesItsRoom(file: string, specifier: string): boolean {
  const room = /^(packages|containers)\/[^/]+/.exec(file)?.[0]
  if (room === undefined) return false
  const target = relative(ROOT, resolve(ROOT, dirname(file), specifier))
  return !target.startsWith(`${room}/`) && !target.startsWith('test/')
}

const wordsOf = (file: string): string[] => readFileSync(join(ROOT, file), 'utf8').match(/\w+/g) ?? []

/**
 * What no other file names: of an index, no file outside of its package's source; of an inner file, none.
 * Errors are found by their code, and event processors by the name in a descriptor.
 */
function deadExports(code: readonly string[]): string[] {
  const { isDead, ownOf } = exportSearch(code)
  return sourcesOf(code).flatMap((file) =>
    valuesOf(file)
      .filter((name) => isDead(name, ownOf(file)))
      .map((name) => `${file}: ${name}`),
  )
}

/** The same of types. What a function takes or gives, or an exported type or class shows, is used by whoever uses that. */
function deadTypes(code: readonly string[]): string[] {
  const { isDead, ownOf } = exportSearch(code)
  const sources = sourcesOf(code)
  return sources.flatMap((file) => {
    const isOwn = ownOf(file)
    const shown = sources.filter(isOwn).map(shownBy)
    return typesOf(file)
      .filter((name) => isDead(name, isOwn) && !shown.some((show) => show(name)))
      .map((name) => `${file}: ${name}`)
  })
}

const sourcesOf = (code: readonly string[]): string[] =>
  code.filter((file) => /^(packages|containers)\/[^/]+\/src\//.test(file))

interface ExportSearch {
  readonly isDead: (name: string, isOwn: (user: string) => boolean) => boolean
  /** Files that are no users of what a file exports. */
  readonly ownOf: (file: string) => (user: string) => boolean
}

function exportSearch(code: readonly string[]): ExportSearch {
  const folders = ['packages', 'containers', 'samples', 'docs'].flatMap((folder) => filesBelow(folder, /\.(md|yaml)$/))
  const told = new Set([...folders, 'README.md', 'ARCHITECTURE.md', 'CHANGELOG.md'].flatMap(wordsOf))
  const isIndex = (file: string): boolean => file.endsWith('/src/index.ts')
  const users = new Map<string, string[]>()
  for (const file of code) {
    const text = readFileSync(join(ROOT, file), 'utf8').replace(/^export (type )?\{[^}]*\} from .*$/gm, '')
    for (const word of new Set(text.match(/\w+/g))) users.set(word, [...(users.get(word) ?? []), file])
  }
  return {
    isDead: (name, isOwn) =>
      !/(Errors?|EventProcessor)$/.test(name) && !told.has(name) && (users.get(name) ?? []).every(isOwn),
    ownOf: (file) =>
      isIndex(file) ? (user: string) => user.startsWith(dirname(file)) : (user: string) => user === file,
  }
}

/** Whether an exported declaration of a file, private members left out, names a type that is declared elsewhere. */
function shownBy(file: string): (name: string) => boolean {
  const text = readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[^]*?\*\//g, '')
  const declarations = text
    .split(/^(?=export |(?:async |abstract )*(?:function|const|class|interface|type|import) )/m)
    .filter((part) => /^export (?!type \{|\{)/.test(part))
    .map((part) => part.replace(/^ +(?:readonly )?(?:#|private ).*$/gm, ''))
  return (name) =>
    declarations.some(
      (part) =>
        !new RegExp(`^export (?:interface|type) ${name}\\b`).test(part) && new RegExp(`\\b${name}\\b`).test(part),
    )
}

/** Names of interfaces and types that a file declares and exports, or exports from another one. */
function typesOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const declared = [...text.matchAll(/^export (?:declare )?(?:interface|type) (\w+)/gm)].map(([, name = '']) => name)
  const passedOn = [...text.matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, all, list = '']) =>
    list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => all !== undefined || name.startsWith('type ')),
  )
  const names = passedOn.map((name) => name.replace(/^type /, '').replace(/^\w+ as /, ''))
  return [...declared, ...names.filter((name) => /^\w+$/.test(name))]
}

/** Names of constants, functions and classes that a file declares and exports, or exports from another one. */
function valuesOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const declared = text.matchAll(/^export (?:abstract |async )*(?:const|function\*?|class) (\w+)/gm)
  const passedOn = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list = '']) => list.split(','))
  const names = passedOn.map((name) => name.trim().replace(/^\w+ as /, '')).filter((name) => /^\w+$/.test(name))
  return [...[...declared].map(([, name = '']) => name), ...names]
}
