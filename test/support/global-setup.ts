import { spawnSync } from 'node:child_process'
import { findMariadbd } from './mariadb-server.ts'
import provideRunFolder from './run-folder.ts'
import { mysqlHome, unpackedMysql } from './unpacked-mysql.ts'
import { isZooKeeperInstalled, ZOOKEEPER_PACKAGE } from './zookeeper-server.ts'

/** Which servers a run uses: `AESOP_TEST_SERVERS=mariadb` narrows it on purpose, an empty value means none. */
function wants(server: 'mariadb' | 'mysql' | 'zookeeper'): boolean {
  const servers = process.env['AESOP_TEST_SERVERS']
  return servers === undefined || servers.split(',').includes(server)
}

/** Makes sure, before any test with a server runs, that there is one. @returns what is done when all have run */
export default function setup(): (() => void) | undefined {
  if (wants('mariadb')) provideMariadb()
  if (wants('mysql')) provideMysql()
  if (wants('zookeeper')) provide('ZooKeeper', ZOOKEEPER_PACKAGE, isZooKeeperInstalled)
  return provideRunFolder()
}

function provideMariadb(): void {
  provide('MariaDB', 'mariadb-server', () => findMariadbd() !== undefined)
}

/** From Debian's packages: as root, else the error says the command. */
function provide(server: string, name: string, isThere: () => boolean): void {
  if (isThere()) return
  const remedy = `apt-get update && apt-get install -y ${name}`
  if (process.getuid?.() !== 0) throw new Error(`${server} is needed and not installed; run as root: ${remedy}`)
  const result = spawnSync('sh', ['-c', remedy], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    encoding: 'utf8',
  })
  if (!isThere())
    throw new Error(`${server} could not be installed; run: ${remedy}\n${result.stdout}\n${result.stderr}`)
}

/** Downloaded once: the folder outlives the run. */
function provideMysql(): void {
  try {
    unpackedMysql()
  } catch (cause) {
    const remedy = 'npx tsx test/support/unpacked-mysql.ts'
    throw new Error(`MySQL 9 could not be unpacked to ${mysqlHome()}; see why with: ${remedy}`, { cause })
  }
}
