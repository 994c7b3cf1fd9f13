import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

/*
 * What comes from others: under which licences, with which scripts, and that the bill of materials names all of it
 * (`npm run sbom`).
 */
const ROOT = resolve(import.meta.dirname, '..')
const SHIPPED = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0'])
/** Tools that build and test, and data of theirs: part of nothing that is shipped. */
const TOOLS = new Set([...SHIPPED, 'MPL-2.0', 'CC-BY-4.0'])
/** They do without their scripts: `npm ci --ignore-scripts` is enough. */
const WITH_SCRIPTS = new Set(['esbuild', 'fsevents'])

interface Locked {
  readonly version?: string
  readonly license?: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly optional?: boolean
  readonly peer?: boolean
  readonly link?: boolean
  readonly hasInstallScript?: boolean
}

const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }
const foreign = Object.entries(lock.packages)
  .filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
  .map(([path, locked]) => ({
    ...locked,
    name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
  }))
const isShipped = ({ dev, devOptional }: Locked): boolean => dev !== true && devOptional !== true

describe('packages of others', () => {
  test('there are some, shipped ones and tools', () => {
    expect(foreign.filter(isShipped).length).toBeGreaterThan(50)
    expect(foreign.filter((each) => !isShipped(each)).length).toBeGreaterThan(50)
  })

  test('come under a licence that is allowed', () => {
    const refused = foreign.filter((each) => !(isShipped(each) ? SHIPPED : TOOLS).has(each.license ?? 'none'))
    expect(refused.map(({ name, license }) => `${name}: ${license ?? 'none'}`)).toEqual([])
  })

  test('are pinned by their content', () => {
    expect(
      foreign.filter(({ integrity }) => integrity?.startsWith('sha512-') !== true).map(({ name }) => name),
    ).toEqual([])
  })

  test('need no script when they are installed', () => {
    const scripted = foreign.filter((each) => each.hasInstallScript === true && !WITH_SCRIPTS.has(each.name))
    expect(scripted.map(({ name }) => name)).toEqual([])
  })
})

interface Component {
  readonly purl: string
  readonly licenses?: readonly unknown[]
  readonly hashes?: readonly { readonly alg: string }[]
}

test('the bill of materials names each package with version, licence and hash', () => {
  const output = execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 << 20 })
  const bom = JSON.parse(output) as { bomFormat: string; components: readonly Component[] }
  expect(bom.bomFormat).toBe('CycloneDX')
  const listed = new Map(bom.components.map((each) => [each.purl.replaceAll('%40', '@'), each]))
  const needed = foreign.filter(({ optional, peer }) => optional !== true && peer !== true)
  const poor = needed.filter(({ name, version }) => {
    const found = listed.get(`pkg:npm/${name}@${version ?? ''}`)
    return found?.licenses?.length === undefined || found.hashes?.[0]?.alg !== 'SHA-512'
  })
  expect(needed.length).toBeGreaterThan(200)
  expect(poor.map(({ name }) => name)).toEqual([])
}, 60_000)
