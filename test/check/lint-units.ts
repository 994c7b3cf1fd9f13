import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'

/*
 * What has to be linted again. The linter reads types, so a file's findings depend on every file that it imports from; a
 * cache by file, as ESLint keeps one, would stay silent about a promise that a change elsewhere left floating. The unit here
 * is a package: it is linted again when a file of its own, or of a unit that it imports from, however far, has changed.
 */
const SHARED = ['eslint.config.js', 'tsconfig.json', 'tsconfig.base.json', 'package-lock.json']
const LINTED = /\.[cm]?[jt]s$/
const SKIPPED = new Set(['node_modules', 'dist', 'testdata', '.aesop'])
const IMPORT = /(?:\bfrom|\bimport\(|\bimport)\s*['"]([^'"\n]+)['"]/g

/** The parts of the repository that are linted as a whole: paths from its root. */
export function lintUnits(root: string): string[] {
  const below = (folder: string): string[] =>
    namesIn(join(root, folder)).flatMap((name) =>
      existsSync(join(root, folder, name, 'package.json')) ? [`${folder}/${name}`] : [],
    )
  const files = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isFile() && LINTED.test(entry.name))
  return [...below('packages'), ...below('containers'), 'test', 'samples', ...files.map((entry) => entry.name)]
}

/** For each unit a text that changes with everything that its findings depend on. */
export function lintKeys(root: string): ReadonlyMap<string, string> {
  const units = lintUnits(root)
  const owners = new Map(units.map((unit) => [nameOf(root, unit), unit]))
  const unitOf = (path: string): string | undefined =>
    units.find((unit) => path === unit || path.startsWith(`${unit}/`))
  const read = new Map(units.map((unit) => [unit, readUnit(root, unit, owners, unitOf)]))
  const shared = SHARED.map((name) => textOf(join(root, name))).join('\0')
  return new Map(
    units.map((unit) => {
      const hash = createHash('sha256').update(shared)
      for (const each of [...reached(unit, read)].sort()) hash.update(`\0${each}\0${read.get(each)?.content ?? ''}`)
      return [unit, hash.digest('hex')]
    }),
  )
}

/** What was linted without a finding, kept beside the other caches of the tools. */
export class LintRecord {
  readonly #path: string

  constructor(root: string) {
    this.#path = join(root, 'node_modules/.cache/aesop/lint.json')
  }

  /** The units whose keys are not those of the record. */
  staleOf(keys: ReadonlyMap<string, string>): string[] {
    const known = JSON.parse(textOf(this.#path) || '{}') as Readonly<Record<string, string>>
    return [...keys].filter(([unit, key]) => known[unit] !== key).map(([unit]) => unit)
  }

  save(keys: ReadonlyMap<string, string>): void {
    mkdirSync(dirname(this.#path), { recursive: true })
    writeFileSync(this.#path, JSON.stringify(Object.fromEntries(keys)))
  }
}

interface Unit {
  readonly content: string
  /** The units that its files import from. */
  readonly needs: ReadonlySet<string>
}

function readUnit(
  root: string,
  unit: string,
  owners: ReadonlyMap<string, string>,
  unitOf: (path: string) => string | undefined,
): Unit {
  const hash = createHash('sha256')
  const needs = new Set<string>()
  for (const path of filesOf(root, unit)) {
    const text = readFileSync(join(root, path), 'utf8')
    hash.update(`${path}\0${text}\0`)
    for (const [, specifier = ''] of text.matchAll(IMPORT)) {
      const target = specifier.startsWith('.')
        ? unitOf(
            relative(root, resolve(root, dirname(path), specifier))
              .split(sep)
              .join('/'),
          )
        : owners.get(specifier.split('/').slice(0, 2).join('/'))
      if (target !== undefined && target !== unit) needs.add(target)
    }
  }
  return { content: hash.digest('hex'), needs }
}

/** The unit and all that it imports from, directly or through others. */
function reached(unit: string, read: ReadonlyMap<string, Unit>, into = new Set<string>()): ReadonlySet<string> {
  if (into.has(unit)) return into
  into.add(unit)
  for (const each of read.get(unit)?.needs ?? []) reached(each, read, into)
  return into
}

function filesOf(root: string, path: string): string[] {
  if (LINTED.test(path) || path.endsWith('.json')) return [path]
  return namesIn(join(root, path)).flatMap((name) => {
    if (SKIPPED.has(name)) return []
    const below = `${path}/${name}`
    return LINTED.test(name) || name.endsWith('.json') ? [below] : filesOf(root, below)
  })
}

function namesIn(path: string): string[] {
  return existsSync(path) && statSync(path).isDirectory() ? readdirSync(path).sort() : []
}

function nameOf(root: string, unit: string): string {
  const text = textOf(join(root, unit, 'package.json'))
  return text === '' ? unit : (JSON.parse(text) as { name: string }).name
}

/** Empty for a file that is not there. */
function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
