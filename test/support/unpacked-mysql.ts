import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * MySQL is not in Debian's stable suites. Its package of the unstable suite needs a newer C library than the system's, so
 * it is not installed but unpacked, with all that it depends on, and started through its own loader. apt keeps its state
 * in the same folder; the system's is not touched.
 */
const SOURCES = '/etc/apt/sources.list.d/debian.sources'
const SUITE = 'sid'

/** Where the server lies: AESOP_MYSQL_HOME, or a folder below the system's temporary one. */
export function mysqlHome(): string {
  return process.env['AESOP_MYSQL_HOME'] ?? join(tmpdir(), 'aesop-mysql-home')
}

/** The folder of the unpacked packages; they are downloaded once, about 50 MB. */
export function unpackedMysql(): string {
  const home = mysqlHome()
  const root = join(home, 'root')
  if (existsSync(join(root, 'usr/sbin/mysqld'))) return root
  const packages = download(home)
  const fresh = join(home, `unpacking-${process.pid}`)
  mkdirSync(fresh, { recursive: true })
  for (const path of packages) execFileSync('dpkg-deb', ['-x', path, fresh])
  if (!existsSync(join(fresh, 'usr/sbin/mysqld'))) throw new Error(`no mysqld in the packages below ${home}`)
  rmSync(root, { recursive: true, force: true })
  // The last step: a folder under this name is whole.
  renameSync(fresh, root)
  return root
}

/** The unpacked server as a command, by the loader of its own C library. */
export function mysqldCommand(root: string): [string, ...string[]] {
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu')
  return [join(libraries, 'ld-linux-x86-64.so.2'), '--library-path', libraries, join(root, 'usr/sbin/mysqld')]
}

function download(home: string): string[] {
  const debs = join(home, 'debs')
  for (const folder of [debs, join(home, 'apt/lists/partial'), join(home, 'apt/cache/archives/partial')]) {
    mkdirSync(folder, { recursive: true })
  }
  writeFileSync(join(home, 'apt/unstable.sources'), unstableSource())
  const options = [
    `Dir::State::Lists=${home}/apt/lists`,
    `Dir::Etc::sourcelist=${home}/apt/unstable.sources`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::Cache=${home}/apt/cache`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option])
  const run = (program: string, ...rest: string[]): string =>
    execFileSync(program, [...options, ...rest], { cwd: debs, encoding: 'utf8', maxBuffer: 1 << 26, stdio: 'pipe' })
  run('apt-get', 'update')
  run('apt-get', 'download', 'mysql-common', ...dependenciesOf('mysql-server-core', run))
  return readdirSync(debs)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(debs, name))
}

/** The package and everything it needs at run time; its scripts in Perl are not run. */
function dependenciesOf(name: string, run: (program: string, ...rest: string[]) => string): string[] {
  const without = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
    (kind) => `--no-${kind}`,
  )
  const lines = run('apt-cache', 'depends', '--recurse', ...without, name).split('\n')
  return [...new Set(lines.filter((line) => /^[a-z0-9]/.test(line) && !line.includes('perl')))]
}

/** The unstable suite from where the machine's own packages come. */
function unstableSource(): string {
  const own = existsSync(SOURCES) ? readFileSync(SOURCES, 'utf8') : ''
  const field = (key: string, otherwise?: string): string => {
    const value = new RegExp(`^${key}:\\s*(.+)$`, 'm').exec(own)?.[1]?.trim() ?? otherwise
    if (value === undefined)
      throw new Error(`${SOURCES} names no ${key}; AESOP_MYSQL_HOME may name a folder with the server`)
    return value
  }
  return [
    'Types: deb',
    `URIs: ${field('URIs')}`,
    `Suites: ${SUITE}`,
    'Components: main',
    `Signed-By: ${field('Signed-By', '/usr/share/keyrings/debian-archive-keyring.gpg')}`,
    '',
  ].join('\n')
}

// As a command: unpacks the server and says where it is.
if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${unpackedMysql()}\n`)
