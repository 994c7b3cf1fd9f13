// Records samples/quickstart/binlog from story.sql, with a private MariaDB (Debian: apt-get install mariadb-server): node record.js
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const HERE = dirname(fileURLToPath(import.meta.url))
const LOGS = ['mysql-bin.000001', 'mysql-bin.000002']

const folder = mkdtempSync(join(tmpdir(), 'aesop-quickstart-'))
const socket = join(folder, 'socket')
const asRoot = process.getuid() === 0
const settings = {
  datadir: join(folder, 'data'),
  tmpdir: folder,
  socket,
  'pid-file': join(folder, 'pid'),
  'server-id': 1,
  'log-bin': 'mysql-bin',
  'binlog-format': 'ROW',
  'binlog-row-image': 'FULL',
  'binlog-row-metadata': 'FULL',
  ...(asRoot ? { user: 'mysql' } : {}),
}
const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
writeFileSync(join(folder, 'my.cnf'), ['[mariadbd]', 'skip-networking', ...lines, ''].join('\n'))
chmodSync(folder, 0o755)
if (asRoot) execFileSync('chown', ['-R', 'mysql', folder])

const defaults = `--defaults-file=${join(folder, 'my.cnf')}`
execFileSync('mariadb-install-db', [defaults, '--auth-root-authentication-method=normal'], { stdio: 'ignore' })
const server = spawn('mariadbd', [defaults], { stdio: 'ignore' })
const ended = new Promise((resolve) => server.once('exit', resolve))
try {
  await untilUp()
  run('RESET MASTER')
  run(readFileSync(join(HERE, 'story.sql'), 'utf8'))
} finally {
  server.kill()
  await ended
}
mkdirSync(join(HERE, 'binlog'), { recursive: true })
for (const log of LOGS) {
  copyFileSync(join(folder, 'data', log), join(HERE, 'binlog', log))
  chmodSync(join(HERE, 'binlog', log), 0o644)
}
writeFileSync(join(HERE, 'binlog', 'mysql-bin.index'), LOGS.map((log) => `./${log}\n`).join(''))
rmSync(folder, { recursive: true, force: true })

function run(sql) {
  const client = ['-uroot', `-S${socket}`, '--default-character-set=utf8mb4']
  execFileSync('mariadb', client, { input: `SET time_zone = '+00:00';\n${sql}`, stdio: ['pipe', 'ignore', 'pipe'] })
}

async function untilUp() {
  for (const deadline = Date.now() + 20_000; ;) {
    try {
      run('SELECT 1')
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await setTimeout(100)
    }
  }
}
