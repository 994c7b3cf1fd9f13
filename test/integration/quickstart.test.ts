import { spawn } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LaunchedProcess } from '../support/launched-process.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'

/*
 * What a newcomer does first: the launch of the top-level bootstrap.yaml, in a copy of its files so that the tests do
 * not share a state folder with anybody.
 */
const ROOT = resolve(import.meta.dirname, '../..')
const DEADLINE_MS = 20_000
const ROWS = 23
const CUT_AT = 3001
const ROWS_BEFORE_CUT = 19
let folder = ''

beforeEach(() => {
  folder = newFolder('quickstart')
  cpSync(join(ROOT, 'bootstrap.yaml'), join(folder, 'bootstrap.yaml'))
  cpSync(join(ROOT, 'samples/quickstart'), join(folder, 'samples/quickstart'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
})
afterEach(() => {
  removeFolder(folder)
})

const LOG = (): string => join(folder, 'samples/quickstart/binlog/mysql-bin.000002')

/** Ends the second log in the middle of an event, and gives the rest of it. */
function cutLog(): Buffer {
  const whole = readFileSync(LOG())
  writeFileSync(LOG(), whole.subarray(0, CUT_AT))
  return whole.subarray(CUT_AT)
}

const start = (...args: string[]): LaunchedProcess => LaunchedProcess.start(['bootstrap.yaml', ...args], {}, folder)

async function allRows(launch: LaunchedProcess): Promise<readonly string[]> {
  return launch.untilOutput((lines) => lines.length >= ROWS, DEADLINE_MS)
}

describe('the quick start', () => {
  test('prints one line per change to stdout, and nothing else there', async () => {
    const launch = start()
    const rows = await allRows(launch)
    expect(await launch.stop()).toBe(0)
    expect(rows).toHaveLength(ROWS)
    expect(rows.filter((row) => !/^(UPSERT|DELETE) bookshop\.(book|customer|sale) \d+ {2}\S/.test(row))).toEqual([])
    expect(rows[0]).toBe(
      'UPSERT bookshop.book 1  id=1 title=The Left Hand of Darkness author=Ursula K. Le Guin price=12.50 stock=4 shelf=novel published=1969-03-01',
    )
    expect(rows.filter((row) => row.startsWith('DELETE'))).toHaveLength(2)
    expect(launch.errors).toMatch(/ready/)
  })

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'stops with 0 on %s and goes on where it was, printing nothing twice',
    async (signal) => {
      const rest = cutLog()
      const first = start()
      await first.untilOutput((lines) => lines.length >= ROWS_BEFORE_CUT, DEADLINE_MS)
      expect(await first.stop(signal)).toBe(0)
      expect(existsSync(join(folder, '.aesop'))).toBe(true)
      appendFileSync(LOG(), rest)
      const again = start()
      await again.untilOutput((lines) => lines.length >= ROWS - ROWS_BEFORE_CUT, DEADLINE_MS)
      expect(await again.stop(signal)).toBe(0)
      const whole = start('--fresh')
      expect([...first.output, ...again.output]).toEqual(await allRows(whole))
      await whole.stop()
    },
  )

  test('starts over with --fresh', async () => {
    const first = start()
    await allRows(first)
    await first.stop()
    const fresh = start('--fresh')
    expect(await allRows(fresh)).toHaveLength(ROWS)
    expect(await fresh.stop()).toBe(0)
  })

  test('goes on as its log grows, as tail -f does', async () => {
    const rest = cutLog()
    const launch = start()
    await launch.untilOutput((lines) => lines.length >= ROWS_BEFORE_CUT, DEADLINE_MS)
    expect(launch.output).toHaveLength(ROWS_BEFORE_CUT)
    appendFileSync(LOG(), rest)
    expect(await allRows(launch)).toHaveLength(ROWS)
    expect(await launch.stop()).toBe(0)
  })

  test('runs by npm start', async () => {
    const child = spawn('npm', ['start', '--silent', '--', '--fresh', '--set', 'relay.port=0'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    const seen = new Promise<void>((done) => {
      child.stdout.on('data', (text: Buffer) => {
        output += text.toString()
        if (output.split('\n').length > ROWS) done()
      })
    })
    await seen
    const ended = new Promise((done) => child.once('exit', done))
    // The whole group, as a terminal's Ctrl-C does.
    process.kill(-(child.pid ?? 0), 'SIGINT')
    await ended
    expect(output.trim().split('\n')).toHaveLength(ROWS)
  })
})
