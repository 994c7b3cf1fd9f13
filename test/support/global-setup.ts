import { spawnSync } from 'node:child_process'
import { findMariadbd } from './mariadb-server.ts'
import provideRunFolder from './run-folder.ts'
import { mysqlHome, unpackedMysql } from './unpacked-mysql.ts'

const REMEDY = 'apt-get update && apt-get install -y mariadb-server'

/** Which servers a run uses: `AESOP_TEST_SERVERS=mariadb` narrows it on purpose, an empty value means none. */
function wants(server: 'mariadb' | 'mysql'): boolean {
  const servers = process.env['AESOP_TEST_SERVERS']
  return servers === undefined || servers.split(',').includes(server)
}

/** Makes sure, before any test with a server runs, that there is one. @returns what is done when all have run */
export default function setup(): (() => void) | undefined {
  if (wants('mariadb')) provideMariadb()
  if (wants('mysql')) provideMysql()
  return provideRunFolder()
}

function provideMariadb(): void {
  if (findMariadbd() !== undefined) return
  if (process.getuid?.() !== 0) throw new Error(`MariaDB is needed and not installed; run as root: ${REMEDY}`)
  const result = spawnSync('sh', ['-c', REMEDY], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    encoding: 'utf8',
  })
  if (findMariadbd() !== undefined) return
  throw new Error(`MariaDB could not be installed; run: ${REMEDY}\n${result.stdout}\n${result.stderr}`)
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
