import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { AesopError } from '@aesop/kernel'
import { expect, it } from 'vitest'
import { binlogFileFault } from '../src/error/errors.ts'

const LOGS = dirname(fileURLToPath(new URL('../../../samples/quickstart/binlog/mysql-bin.index', import.meta.url)))
const SCRIPT = fileURLToPath(new URL('exhausted-files.ts', import.meta.url))
const OPEN_FILES = 512

it('a log whose files can not be opened, for want of descriptors, is waited for and tried again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'aesop-exhausted-'))
  try {
    for (const file of ['mysql-bin.000001', 'mysql-bin.000002']) copyFileSync(join(LOGS, file), join(folder, file))
    writeFileSync(join(folder, 'mysql-bin.index'), './mysql-bin.000001\n')
    const node = [process.execPath, '--conditions=source', '--import', import.meta.resolve('tsx'), SCRIPT, folder]
    const { stdout } = await promisify(execFile)('bash', ['-c', `ulimit -n ${OPEN_FILES}; exec "$0" "$@"`, ...node])
    expect(JSON.parse(stdout)).toEqual({
      failures: [],
      status: 'degraded',
      detail: expect.stringMatching(/^binary log .*mysql-bin.*: the (index|log) can not be .* now: EMFILE/) as string,
      more: true,
      once: true,
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it.each([
  ['EMFILE', true],
  ['ENFILE', true],
  ['ENOMEM', true],
  ['ENOENT', false],
  ['EACCES', false],
])('%s is a fault that may pass: %s', (code, canRetry) => {
  const fault = binlogFileFault('/log/x.index', 'the index can not be read', Object.assign(new Error(code), { code }))
  expect(fault).toBeInstanceOf(AesopError)
  expect(fault).toMatchObject({ canRetry, fields: { path: '/log/x.index' } })
})
