// Records the logs and the expected values beside this file, from a private MariaDB: node record.js [NAME…]
// Each folder gets mysql-bin.000001, mysql-bin.index and expected.json: table → column names, and the rows as SELECT prints them.
import { Buffer } from 'node:buffer'
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const HERE = dirname(fileURLToPath(import.meta.url))
const RECORDINGS = [
  { name: 'full', metadata: 'FULL', script: 'types.sql', options: [] },
  { name: 'no-log', metadata: 'NO_LOG', script: 'types.sql', options: [] },
  {
    name: 'compressed',
    metadata: 'FULL',
    script: 'types.sql',
    options: ['log_bin_compress=ON', 'log_bin_compress_min_len=10'],
  },
  { name: 'minimal', metadata: 'FULL', script: 'minimal.sql', options: [] },
  { name: 'shapes', metadata: 'FULL', script: 'shapes.sql', options: [] },
]

const only = process.argv.slice(2)
for (const recording of RECORDINGS) {
  if (only.length === 0 || only.includes(recording.name)) await record(recording)
}

async function record({ name, metadata, script, options }) {
  const folder = mkdtempSync(join(tmpdir(), 'aesop-record-'))
  chmodSync(folder, 0o755)
  const asRoot = process.getuid() === 0
  const socket = join(folder, 'socket')
  const settings = [
    '[mariadbd]',
    `datadir=${folder}/data`,
    `tmpdir=${folder}`,
    `socket=${socket}`,
    'skip-networking',
    `pid-file=${folder}/pid`,
    'server-id=1',
    'log-bin=mysql-bin',
    'binlog-format=ROW',
    'binlog-row-image=FULL',
    `binlog-row-metadata=${metadata}`,
    'sync-binlog=0',
    ...options,
    ...(asRoot ? ['user=mysql'] : []),
  ]
  writeFileSync(join(folder, 'my.cnf'), settings.join('\n'))
  if (asRoot) execFileSync('chown', ['-R', 'mysql', folder])
  const defaults = `--defaults-file=${join(folder, 'my.cnf')}`
  execFileSync('mariadb-install-db', [defaults, '--auth-root-authentication-method=normal'], { stdio: 'ignore' })
  const server = spawn('mariadbd', [defaults], { stdio: 'ignore' })
  const run = (sql, ...more) =>
    execFileSync('mariadb', ['-uroot', `-S${socket}`, '--default-character-set=utf8mb4', ...more], {
      input: sql,
      maxBuffer: 1 << 28,
    }).toString('utf8')
  try {
    await untilUp(run)
    run('RESET MASTER')
    run(readFileSync(join(HERE, script), 'utf8'), ...(script === 'types.sql' ? ['--binary-mode'] : []))
    const target = join(HERE, name)
    mkdirSync(target, { recursive: true })
    if (script === 'types.sql') {
      writeFileSync(join(target, 'expected.json'), JSON.stringify(expectedValues(run), undefined, 1) + '\n')
      writeFileSync(join(target, 'catalogue.json'), JSON.stringify(catalogue(run), undefined, 1) + '\n')
    }
    run('FLUSH BINARY LOGS')
    copyFileSync(join(folder, 'data', 'mysql-bin.000001'), join(target, 'mysql-bin.000001'))
    chmodSync(join(target, 'mysql-bin.000001'), 0o644)
    writeFileSync(join(target, 'mysql-bin.index'), './mysql-bin.000001\n')
  } finally {
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.kill()
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
}

async function untilUp(run) {
  for (let i = 0; i < 200; i++) {
    try {
      run('SELECT 1')
      return
    } catch {
      await setTimeout(100)
    }
  }
  throw new Error('mariadbd did not come up within 20 s')
}

function lines(text) {
  return text.split('\n').filter((line) => line !== '')
}

function columnsOf(run, table) {
  const query = `SELECT column_name, column_type, ifnull(character_set_name, ''), column_key FROM information_schema.columns WHERE table_schema='types' AND table_name='${table}' ORDER BY ordinal_position`
  return lines(run(query, '-N', '--raw')).map((line) => line.split('\t'))
}

/** Bytes as hex digits, timestamps in UTC, everything else as the server prints it. */
function expectedValues(run) {
  const tables = lines(run("SELECT table_name FROM information_schema.tables WHERE table_schema='types'", '-N')).sort()
  return Object.fromEntries(
    tables.map((table) => {
      const columns = columnsOf(run, table)
      const expressions = columns.map(([name, type]) => {
        if (/^(geometry|point)/.test(type)) return `hex(\`${name}\`)`
        if (/binary|blob/.test(type)) return `hex(\`${name}\`)`
        if (/^bit/.test(type)) return `\`${name}\` + 0`
        if (/^float/.test(type)) return `\`${name}\``
        return `cast(\`${name}\` AS CHAR CHARACTER SET utf8mb4)`
      })
      const fields = expressions.map(
        (expression) => `ifnull(hex(convert(cast(${expression} AS CHAR) USING utf8mb4)), 'NULL')`,
      )
      const rows = lines(
        run(`SET time_zone='+00:00'; SELECT ${fields.join(',')} FROM types.\`${table}\` ORDER BY id`, '-N'),
      ).map((line) =>
        line.split('\t').map((value) => (value === 'NULL' ? null : Buffer.from(value, 'hex').toString('utf8'))),
      )
      return [table, { columns: columns.map(([name]) => name), types: columns.map(([, type]) => type), rows }]
    }),
  )
}

/** What INFORMATION_SCHEMA says, in the form of TableDescription. */
function catalogue(run) {
  const tables = lines(run("SELECT table_name FROM information_schema.tables WHERE table_schema='types'", '-N')).sort()
  return tables.map((table) => {
    const columns = columnsOf(run, table)
    return {
      database: 'types',
      table,
      primaryKey: columns.filter(([, , , key]) => key === 'PRI').map(([name]) => name),
      columns: columns.map(([name, type, charset]) => ({
        name,
        unsigned: /unsigned|zerofill/.test(type),
        typeName: type,
        ...(charset === '' ? {} : { charset }),
        ...(/^(enum|set)\(/.test(type) ? { labels: labelsOf(type) } : {}),
      })),
    }
  })
}

function labelsOf(type) {
  return [...type.matchAll(/'((?:[^']|'')*)'/g)].map(([, label]) => label.replaceAll("''", "'"))
}
